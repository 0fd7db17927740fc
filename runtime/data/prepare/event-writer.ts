// Blocks of whole users → the column files of behaviours and samples.

import { isComputed } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import type { Hasher } from "../../../contract/hash.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { missing } from "../../encode/column.ts";
import { doubles, ints } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import { type Past, pastOf, sameCodes, storedFeature } from "../../learn/index.ts";
import type { Binding } from "../binding.ts";
import { type DataModel, encodedFeatures } from "../data-model.ts";
import type { ListedChunk } from "../database/chunk.ts";
import type { ListCounts } from "../lists/pick.ts";
import { resolvedOf, type SampleColumns } from "../sample-columns.ts";
import type { Block } from "./blocks.ts";
import { type ColumnArray, type ColumnSpec, ColumnWriter } from "./column-file.ts";
import { type DatasetSpec, parts } from "./dataset-file.ts";
import type { Encoders } from "./encode-rows.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { behaviourColumns, endColumn, sampleColumnFiles } from "./layout.ts";
import type { ListReader } from "./list-reader.ts";
import type { NegativeOptions, Negatives } from "./negatives.ts";
import { type MetLists, type RowsOfBlock, type SampleRows, samplesOf, samplesOfLists } from "./sample-rows.ts";
import { storedRanges } from "./stored-ranges.ts";

/** Rows written so far: what a file holds beyond them is cut off when the work goes on. */
export interface Written {
  readonly rows: number;
  readonly users: number;
  readonly behaviours: readonly number[];
  readonly samples: readonly number[];
  readonly drawn: number;
  /** What was found in the lists, where each row brings its own. */
  readonly lists?: readonly ListCounts[];
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
  "labels" | "absent" | "single" | "counted" | "weight" | "negatives" | "histories" | "item"
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
    item: encodedFeatures(model, "item").map(storedFeature),
    single: single.map(storedFeature),
    histories: model.histories.map(({ name, max }) => ({
      name,
      max,
      behaviours: 0,
      same: binding.history[name]?.excludeSame != null,
      ...(binding.lists !== null && {
        listed: binding.lists[name]!.clock === null ? ("steps" as const) : ("times" as const),
      }),
      cross: encodedFeatures(model, "cross", name).map((feature) => ({
        ...storedFeature(feature),
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

/** What the rows of a block see of a history. */
interface Seen {
  /** First behaviour, among all of the history. */
  readonly start: Uint32Array;
  /** Where they end; null: where the user's do. */
  readonly end: Uint32Array | null;
  /** Numbers of the values that exclude; null: none does. */
  readonly same: Int32Array | null;
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
  /** Null: the log says what was before. */
  readonly #reader: ListReader | null;
  readonly #behaviours: readonly Writers[];
  /** Of a log. */
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
      /** Where each row brings its own history. */
      readonly reader?: ListReader;
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
    this.#reader = settings.reader ?? null;
    this.#written = { ...written, behaviours: [...written.behaviours], samples: [...written.samples] };
    const one = (spec: ColumnSpec): ColumnWriter => new ColumnWriter(folder, spec, hasher, kept[spec.file]);
    const open = (specs: Record<string, ColumnSpec>): Writers =>
      recordOf(Object.entries(specs).map(([name, spec]) => [name, one(spec)]));
    this.#behaviours = layout.histories.map((history) => open(behaviourColumns(history)));
    this.#ends = this.#reader === null ? layout.histories.map(({ name }) => one(endColumn(name))) : [];
    this.#samples = parts.map((part) => open(sampleColumnFiles(part, layout)));
  }

  /** What stands in the files; after `sync` it is on the disk. */
  get blocks(): Record<string, FileBlocks> {
    return recordOf(this.#all().map(({ spec, blocks }) => [spec.file, blocks]));
  }

  /** What is written; after `sync` it is on the disk. */
  get written(): Written {
    const { behaviours, samples } = this.#written;
    const lists = this.#reader?.counts.map((counts) => ({ ...counts }));
    return { ...this.#written, behaviours: [...behaviours], samples: [...samples], ...(lists && { lists }) };
  }

  add(block: Block): void {
    const { rows: count, columns, starts, lists } = block;
    const times = doubles(columns["#time"]);
    const encode = (feature: FeatureSpec): Encoded => this.#encode(feature, block);
    const rows: RowsOfBlock = {
      starts,
      times,
      items: ints(columns["#ordinal"]),
      rows: doubles(columns["#row"]),
      parts: ints(columns["#part"]),
      labels: this.#columns.labels.map(({ name }) => doubles(columns[name])),
    };
    const met: MetLists[] = [];
    const seen = this.#model.histories.map((history, h): Seen => {
      if (lists !== null) {
        const found = this.#writeLists(h, { rows: count, columns, lists });
        met.push(found.met);
        return found.seen;
      }
      const past = pastOf(starts, times, ints(columns[`#keep${h}`]), this.#binding.history[history.name]?.delay ?? 0);
      const same = this.#layout.histories[h].same ? sameCodes(starts, columns[`#same${h}`]) : null;
      const base = this.#written.behaviours[h];
      this.#writePast(h, block, times, past, same, encode);
      return { start: Uint32Array.from(past.first, (first) => base + first), end: null, same };
    });
    const users = new Uint32Array(block.rows);
    const known = this.#written.users - Number(block.goesOn);
    for (let user = 0; user + 1 < starts.length; user++) {
      users.fill(known + user, starts[user], starts[user + 1]);
    }
    const groups = ["user", "context", "candidate"] as const;
    const singles = groups.flatMap((group) =>
      encodedFeatures(this.#model, group).map((feature) => ({ feature, data: encode(feature) })),
    );
    const samples =
      lists === null
        ? samplesOf(rows, this.#negatives, this.#allRows)
        : samplesOfLists(rows, met, this.#negatives, this.#allRows);
    samples.forEach((chosen, part) => {
      if (chosen.count === 0) {
        return;
      }
      this.#writeSamples(this.#samples[part], chosen, block, rows, users, seen, singles);
      this.#written.samples[part] += chosen.count;
    });
    this.#written.users = known + starts.length - 1;
    this.#written.rows += block.rows;
  }

  #counted(h: number, more: number): void {
    this.#written.behaviours[h] += more;
    // Starts and ends are 32 bits wide.
    if (this.#written.behaviours[h] > 0xffffffff) {
      throw new TwinError("a history with more than 4,294,967,295 behaviours cannot be prepared: split the data");
    }
  }

  #writeLists(h: number, chunk: ListedChunk): { readonly seen: Seen; readonly met: MetLists } {
    const writers = this.#behaviours[h];
    const read = this.#reader!.read(h, chunk);
    const { item, time, cross } = read;
    const stored = storedRanges(read.starts, { item, time, cross: Object.values(cross) });
    writers.item.write(item, stored.order);
    if (time !== null) {
      writers.time.write(time, stored.order);
    }
    for (const [name, values] of Object.entries(cross)) {
      writers[`cross.${name}`].write(values, stored.order);
    }
    const base = this.#written.behaviours[h];
    const absolute = (places: Int32Array): Uint32Array => Uint32Array.from(places, (place) => base + place);
    this.#counted(h, stored.order.length);
    return {
      seen: { start: absolute(stored.start), end: absolute(stored.end), same: null },
      met: { items: read.all, at: read.picked.at, starts: read.picked.starts },
    };
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
      if (!isComputed(feature.encoder)) {
        writers[`cross.${feature.name}`].write(encode(feature), past.rows);
      }
      const known = this.#columns.knownAt.get(feature.name);
      if (known !== undefined) {
        writers[`known.${feature.name}`].write(doubles(columns[known.name]), past.rows);
      }
    }
    const base = this.#written.behaviours[h];
    this.#ends[h].write(Uint32Array.from(past.ends, (end) => base + end));
    this.#counted(h, past.count);
  }

  #writeSamples(
    writers: Writers,
    samples: SampleRows,
    block: Block,
    rows: RowsOfBlock,
    users: Uint32Array,
    seen: readonly Seen[],
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
    seen.forEach(({ start, end, same }, h) => {
      const { name } = this.#model.histories[h];
      writers[`start.${name}`].write(start, chosen);
      if (end !== null) {
        writers[`end.${name}`].write(end, chosen);
      }
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
    if (isComputed(feature.encoder)) {
      return this.#encoders.ofTimes(feature, doubles(columns["#time"]));
    }
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
