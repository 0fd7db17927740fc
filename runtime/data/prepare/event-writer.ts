// Blocks of whole users → the column files of behaviours and samples.

import { TwinError } from "../../../contract/error.ts";
import type { Hasher } from "../../../contract/hash.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { missing } from "../../encode/column.ts";
import { doubles, ints } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import type { Binding } from "../binding.ts";
import { type DataModel, encodedFeatures } from "../data-model.ts";
import { resolvedOf, type SampleColumns } from "../sample-columns.ts";
import type { Block } from "./blocks.ts";
import { type ColumnArray, type ColumnSpec, ColumnWriter } from "./column-file.ts";
import { type DatasetSpec, parts } from "./dataset-file.ts";
import type { Encoders } from "./encode-rows.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { behaviourColumns, encodedSpec, endColumn, sampleColumnFiles } from "./layout.ts";
import type { NegativeOptions, Negatives } from "./negatives.ts";
import { type Past, pastOf, sameCodes } from "./pasts.ts";
import { type RowsOfBlock, type SampleRows, samplesOf } from "./sample-rows.ts";

/** Rows written so far: what a file holds beyond them is cut off when the work goes on. */
export interface Written {
  readonly rows: number;
  readonly users: number;
  readonly behaviours: readonly number[];
  readonly samples: readonly number[];
  readonly drawn: number;
}

export const nothingWritten = (histories: number): Written => ({
  rows: 0,
  users: 0,
  behaviours: new Array<number>(histories).fill(0),
  samples: [0, 0, 0],
  drawn: 0,
});

export type EventLayout = Pick<
  DatasetSpec,
  "labels" | "absent" | "single" | "weight" | "negatives" | "histories" | "item"
>;

/** The columns that a model's samples have in this data; counts are filled in at the end. */
export function eventLayout(
  model: DataModel,
  columns: SampleColumns,
  binding: Binding,
  negatives: Negatives | null,
): EventLayout {
  const labels = columns.labels.map(({ name }) => name.replace(/^predict\./, ""));
  const single = (["user", "context", "candidate"] as const).flatMap((group) => encodedFeatures(model, group));
  return {
    item: encodedFeatures(model, "item").map(encodedSpec),
    single: single.map(encodedSpec),
    histories: model.histories.map(({ name, max }) => ({
      name,
      max,
      behaviours: 0,
      same: binding.history[name]?.excludeSame != null,
      cross: encodedFeatures(model, "cross", name).map((feature) => ({
        ...encodedSpec(feature),
        ...(columns.knownAt.has(feature.name) && { known: { delay: binding.history[name]?.delay ?? 0 } }),
      })),
    })),
    labels,
    absent: model.labels.map(({ name }) => name).filter((name) => !labels.includes(name)),
    weight: columns.weight !== null,
    negatives: negatives === null ? null : drawnBy(negatives.options),
  };
}

function drawnBy({ perPositive, by, met, seed }: NegativeOptions): DatasetSpec["negatives"] {
  return { perPositive, by, ...(met === "allow" && { met }), seed, sampled: 0 };
}

type Writers = Readonly<Record<string, ColumnWriter>>;

export class EventWriter {
  readonly #model: DataModel;
  readonly #binding: Binding;
  readonly #columns: SampleColumns;
  readonly #encoders: Encoders;
  readonly #negatives: Negatives | null;
  readonly #layout: EventLayout;
  readonly #allRows: boolean;
  readonly #behaviours: readonly Writers[];
  readonly #ends: readonly ColumnWriter[];
  readonly #samples: readonly Writers[];
  #written: { -readonly [K in keyof Written]: Written[K] extends readonly number[] ? number[] : Written[K] };

  constructor(
    folder: string,
    settings: {
      readonly model: DataModel;
      readonly binding: Binding;
      readonly columns: SampleColumns;
      readonly encoders: Encoders;
      readonly negatives: Negatives | null;
      readonly layout: EventLayout;
      /** Whether rows without a label are samples, too. */
      readonly allRows: boolean;
      readonly hasher: Hasher;
    },
    written: Written,
    /** What stood in the files when that was written, by file. */
    kept: Readonly<Record<string, FileBlocks>>,
  ) {
    const { layout, hasher } = settings;
    this.#model = settings.model;
    this.#binding = settings.binding;
    this.#columns = settings.columns;
    this.#encoders = settings.encoders;
    this.#negatives = settings.negatives;
    this.#layout = layout;
    this.#allRows = settings.allRows;
    this.#written = { ...written, behaviours: [...written.behaviours], samples: [...written.samples] };
    const one = (spec: ColumnSpec): ColumnWriter => new ColumnWriter(folder, spec, hasher, kept[spec.file]);
    const open = (specs: Record<string, ColumnSpec>): Writers =>
      recordOf(Object.entries(specs).map(([name, spec]) => [name, one(spec)]));
    this.#behaviours = layout.histories.map((history) => open(behaviourColumns(history)));
    this.#ends = layout.histories.map(({ name }) => one(endColumn(name)));
    this.#samples = parts.map((part) => open(sampleColumnFiles(part, layout)));
  }

  /** What stands in the files; after `sync` it is on the disk. */
  get blocks(): Record<string, FileBlocks> {
    return recordOf(this.#all().map(({ spec, blocks }) => [spec.file, blocks]));
  }

  /** What is written; after `sync` it is on the disk. */
  get written(): Written {
    return { ...this.#written, behaviours: [...this.#written.behaviours], samples: [...this.#written.samples] };
  }

  add(block: Block): void {
    const { columns, starts } = block;
    const times = doubles(columns["#time"]);
    const encode = (feature: FeatureSpec): Encoded => this.#encode(feature, block);
    const pasts = this.#model.histories.map((history, h) => {
      const past = pastOf(starts, times, ints(columns[`#keep${h}`]), this.#binding.history[history.name]?.delay ?? 0);
      const same = this.#layout.histories[h].same ? sameCodes(starts, columns[`#same${h}`]) : null;
      this.#writePast(h, block, times, past, same, encode);
      return { past, same };
    });
    const rows: RowsOfBlock = {
      starts,
      times,
      items: ints(columns["#ordinal"]),
      rows: doubles(columns["#row"]),
      parts: ints(columns["#part"]),
      labels: this.#columns.labels.map(({ name }) => doubles(columns[name])),
    };
    const users = new Uint32Array(block.rows);
    for (let user = 0; user + 1 < starts.length; user++) {
      users.fill(this.#written.users + user, starts[user], starts[user + 1]);
    }
    const groups = ["user", "context", "candidate"] as const;
    const singles = groups.flatMap((group) =>
      encodedFeatures(this.#model, group).map((feature) => ({ feature, data: encode(feature) })),
    );
    samplesOf(rows, this.#negatives, this.#allRows).forEach((samples, part) => {
      if (samples.count === 0) {
        return;
      }
      this.#writeSamples(this.#samples[part], samples, block, rows, users, pasts, singles);
      this.#written.samples[part] += samples.count;
    });
    pasts.forEach(({ past }, h) => {
      this.#written.behaviours[h] += past.count;
      // Starts and ends are 32 bits wide.
      if (this.#written.behaviours[h] > 0xffffffff) {
        throw new TwinError("a history with more than 4,294,967,295 behaviours cannot be prepared: split the data");
      }
    });
    this.#written.users += starts.length - 1;
    this.#written.rows += block.rows;
  }

  #writePast(
    h: number,
    { columns }: Block,
    times: Float64Array,
    past: Past,
    same: Int32Array | null,
    encode: (feature: FeatureSpec) => Encoded,
  ): void {
    const writers = this.#behaviours[h];
    writers.item.write(ints(columns["#ordinal"]), past.rows);
    writers.time.write(times, past.rows);
    if (same !== null) {
      writers.same.write(same, past.rows);
    }
    for (const feature of encodedFeatures(this.#model, "cross", this.#model.histories[h].name)) {
      if (feature.encoder.kind !== "elapsed") {
        writers[`cross.${feature.name}`].write(encode(feature), past.rows);
      }
      const known = this.#columns.knownAt.get(feature.name);
      if (known !== undefined) {
        writers[`known.${feature.name}`].write(doubles(columns[known.name]), past.rows);
      }
    }
    const base = this.#written.behaviours[h];
    this.#ends[h].write(Uint32Array.from(past.ends, (end) => base + end));
  }

  #writeSamples(
    writers: Writers,
    samples: SampleRows,
    block: Block,
    rows: RowsOfBlock,
    users: Uint32Array,
    pasts: readonly { readonly past: Past; readonly same: Int32Array | null }[],
    singles: readonly { readonly feature: FeatureSpec; readonly data: Encoded }[],
  ): void {
    const { row: chosen, drawn, count } = samples;
    writers.candidate.write(samples.candidate);
    writers.user.write(users, chosen);
    writers.time.write(rows.times, chosen);
    const number = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      number[i] = drawn[i] === 1 ? -1 : rows.rows[chosen[i]];
    }
    writers.row.write(number);
    const picked = new Float32Array(count);
    this.#layout.labels.forEach((label, l) => {
      const values = rows.labels[l];
      for (let i = 0; i < count; i++) {
        picked[i] = drawn[i] === 1 ? 0 : values[chosen[i]];
      }
      writers[`label.${label}`].write(picked);
    });
    if (this.#layout.weight) {
      const weights = doubles(block.columns["#weight"]);
      for (let i = 0; i < count; i++) {
        picked[i] = weights[chosen[i]];
      }
      writers.weight.write(picked);
    }
    if (this.#negatives !== null) {
      writers.offset.write(samples.offset);
    }
    const starts = new Uint32Array(count);
    pasts.forEach(({ past, same }, h) => {
      const { name } = this.#model.histories[h];
      const base = this.#written.behaviours[h];
      for (let i = 0; i < count; i++) {
        starts[i] = base + past.first[chosen[i]];
      }
      writers[`start.${name}`].write(starts);
      if (same !== null) {
        writers[`same.${name}`].write(same, chosen);
      }
    });
    for (const { feature, data } of singles) {
      // What is known of a shown candidate is not known of a drawn one.
      const own =
        feature.group === "candidate" && this.#negatives !== null ? unknownWhereDrawn(feature, data, samples) : null;
      if (own !== null) {
        writers[`single.${feature.name}`].write(own);
      } else {
        writers[`single.${feature.name}`].write(data, chosen);
      }
    }
    if (this.#negatives !== null) {
      for (const one of drawn) {
        this.#written.drawn += one;
      }
    }
  }

  #encode(feature: FeatureSpec, { columns, rows }: Block): Encoded {
    const { events } = this.#columns;
    const column = resolvedOf(this.#columns, feature.name);
    const place = (row: number): string =>
      `${events.relation.name}, row ${Number(columns["#row"][row]) + 1}, column \`${column.shown}\``;
    return this.#encoders.encode(feature, columns[feature.name], rows, column.derive, place);
  }

  #all(): ColumnWriter[] {
    return [...this.#behaviours, ...this.#samples].flatMap((writers) => Object.values(writers)).concat(this.#ends);
  }

  /** Everything that `written` counts is on the disk afterwards. */
  sync(): void {
    for (const writer of this.#all()) {
      writer.sync();
    }
  }

  close(): void {
    for (const writer of this.#all()) {
      writer.close();
    }
  }
}

function unknownWhereDrawn(feature: FeatureSpec, data: Encoded, samples: SampleRows): ColumnArray {
  const none = missing(feature, 1);
  const width = none.length;
  const { row, drawn, count } = samples;
  const result = missing(feature, count);
  for (let i = 0; i < count; i++) {
    const from = row[i] * width;
    for (let j = 0; j < width; j++) {
      result[i * width + j] = drawn[i] === 1 ? none[j] : data[from + j];
    }
  }
  return result;
}
