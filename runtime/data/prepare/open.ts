// Reads a prepared data set: batches of encoded samples with their histories, from memory or from the files.

import { TwinError } from "../../../contract/error.ts";
import { type Hasher, hasher } from "../../../contract/hash.ts";
import { emptyRecord, recordOf } from "../../../contract/record.ts";
import {
  type Batch,
  type BatchHistory,
  batchHistory,
  type Dataset,
  type HistoryColumns,
  type ItemFeatures,
  type Part,
} from "../../learn/index.ts";
import type { DataReport } from "../report-schema.ts";
import { Column, type ColumnImage, type ColumnSpec, columnImage, rowBytes } from "./column-file.ts";
import { type DatasetSpec, parts, readDatasetSpec } from "./dataset-file.ts";
import type { FileBlocks } from "./file-blocks.ts";
import {
  behaviourColumns,
  countedColumn,
  endColumn,
  gapColumns,
  itemColumn,
  occurrencesColumn,
  sampleColumnFiles,
} from "./layout.ts";

export interface OpenOptions {
  /** Bytes of columns held in memory; the largest others are read from their files. Items are always held. Default 1 GB. */
  readonly memory?: number;
}

/** What another thread needs to read the same data over the same memory: can be posted to a worker. */
export interface DatasetImage {
  readonly spec: DatasetSpec;
  readonly columns: Readonly<Record<string, ColumnImage>>;
}

export interface StoredDataset extends Dataset {
  readonly spec: DatasetSpec;
  readonly report: DataReport;
  /** Ordinal of the user of every sample of a part. */
  userOf(part: Part): Uint32Array;
  image(): DatasetImage;
}

/** Column files of a data set, with how many rows each has; its fingerprint is over them in this order. */
export function columnsOf(
  spec: Omit<DatasetSpec, "format" | "key" | "owner" | "fingerprint" | "files" | "report" | "extensions">,
): { readonly column: ColumnSpec; readonly rows: number; readonly item: boolean }[] {
  const all = [
    ...spec.item.map((one) => ({ column: itemColumn(one), rows: spec.items, item: true })),
    { column: occurrencesColumn, rows: spec.items, item: true },
  ];
  for (const history of spec.histories) {
    for (const column of Object.values({ ...behaviourColumns(history), ...gapColumns(history) })) {
      all.push({ column, rows: history.behaviours, item: false });
    }
    if (history.listed === undefined) {
      all.push({ column: endColumn(history.name), rows: spec.users, item: false });
    }
  }
  for (const table of spec.counted ?? []) {
    all.push({ column: countedColumn(table), rows: table.values, item: true });
  }
  for (const part of parts) {
    for (const column of Object.values(sampleColumnFiles(part, spec))) {
      all.push({ column, rows: spec.samples[part], item: false });
    }
  }
  return all;
}

/** @throws TwinError where the folder holds no whole data set, a file of another size, or one that is damaged */
export async function openDataset(folder: string, options: OpenOptions = {}): Promise<StoredDataset> {
  const hash = await hasher();
  const spec = readDatasetSpec(folder);
  let left = options.memory ?? 1e9;
  const columns: Record<string, ColumnImage> = emptyRecord();
  const bySize = columnsOf(spec).sort((a, b) => a.rows * rowBytes(a.column) - b.rows * rowBytes(b.column));
  for (const { column, rows, item } of bySize) {
    const bytes = rows * rowBytes(column);
    const held = item || bytes <= left;
    if (held && !item) {
      left -= bytes;
    }
    columns[column.file] = columnImage(folder, column, rows, writtenOf(spec, column.file), held, hash);
  }
  return attachDataset({ spec, columns });
}

/** What the folder's description says of a file; of one that it does not name, that nothing stands in it. */
const writtenOf = ({ files }: DatasetSpec, file: string): FileBlocks =>
  Object.hasOwn(files, file) ? files[file] : { bytes: 0, blocks: [] };

/** The data set of another thread, over the same memory; what is read from files is checked by each thread. */
export async function attachDataset(image: DatasetImage): Promise<StoredDataset> {
  return new Reader(image, await hasher());
}

type Columns = Readonly<Record<string, Column>>;

/**
 * The columns of a history's behaviours.
 * @param open of a column's file @param items encoded features of the items that gaps compare; null: gaps are not asked for
 */
export function historyColumns(
  history: Omit<DatasetSpec["histories"][number], "behaviours">,
  open: (column: ColumnSpec) => Column,
  items: (Pick<DatasetSpec, "item"> & { readonly columns: ItemFeatures["columns"] }) | null = null,
): HistoryColumns {
  const columns = recordOf(
    Object.entries(behaviourColumns(history)).map(([name, column]) => [name, open(column)] as const),
  );
  const gaps = recordOf(
    Object.entries(items === null ? {} : gapColumns(history)).map(([name, column]) => [name, open(column)] as const),
  );
  return {
    name: history.name,
    max: history.max,
    item: columns.item,
    time: columns.time ?? null,
    same: columns.same ?? null,
    ends: history.listed === undefined ? open(endColumn(history.name)) : null,
    cross: history.cross.map((one) => ({
      spec: one,
      column: columns[`cross.${one.name}`] ?? null,
      known: columns[`known.${one.name}`] ?? null,
      distance: gaps[`gap.${one.name}`] ?? null,
    })),
    ...(items !== null && {
      compared: recordOf(
        items.item.map(({ name, width, fill }) => [name, { width, fill, values: items.columns[name] }]),
      ),
    }),
  };
}

class Reader implements StoredDataset {
  readonly spec: DatasetSpec;
  readonly items: ItemFeatures;
  readonly counted: Readonly<Record<string, Float32Array>>;
  readonly #image: DatasetImage;
  readonly #histories: readonly HistoryColumns[];
  readonly #samples: Readonly<Record<Part, Columns>>;
  readonly #opened: Column[] = [];

  constructor(image: DatasetImage, hash: Hasher) {
    const { spec } = image;
    this.spec = spec;
    this.#image = image;
    const open = ({ file }: ColumnSpec): Column => {
      const column = new Column(image.columns[file], hash);
      this.#opened.push(column);
      return column;
    };
    const openAll = (specs: Record<string, ColumnSpec>): Columns =>
      recordOf(Object.entries(specs).map(([name, column]) => [name, open(column)]));
    this.#samples = {
      training: openAll(sampleColumnFiles("training", spec)),
      validation: openAll(sampleColumnFiles("validation", spec)),
      test: openAll(sampleColumnFiles("test", spec)),
    };
    this.counted = recordOf(
      (spec.counted ?? []).map((table) => [table.feature, open(countedColumn(table)).wholeAs(Float32Array)]),
    );
    this.items = {
      count: spec.items,
      columns: recordOf(spec.item.map((one) => [one.name, open(itemColumn(one)).encoded])),
      occurrences: open(occurrencesColumn).wholeAs(Uint32Array),
    };
    const compared = { item: spec.item, columns: this.items.columns };
    this.#histories = spec.histories.map((history) => historyColumns(history, open, compared));
  }

  get fingerprint(): string {
    return this.spec.fingerprint;
  }

  get users(): number {
    return this.spec.users;
  }

  get report(): DataReport {
    return this.spec.report;
  }

  image(): DatasetImage {
    return this.#image;
  }

  count(part: Part): number {
    return this.spec.samples[part];
  }

  userOf(part: Part): Uint32Array {
    return this.#samples[part].user.gatherAs(Uint32Array, this.#all(part));
  }

  whose(part: Part): { readonly user: Uint32Array; readonly time: Float64Array } {
    return { user: this.userOf(part), time: this.#samples[part].time.gatherAs(Float64Array, this.#all(part)) };
  }

  #all(part: Part): Uint32Array {
    return Uint32Array.from({ length: this.count(part) }, (_, sample) => sample);
  }

  labels(part: Part, samples: Uint32Array): Pick<Batch, "labels" | "weight" | "offset"> {
    const { spec } = this;
    const rows = samples.length;
    const floats = (name: string): Float32Array => this.#samples[part][name].gatherAs(Float32Array, samples);
    const labels = spec.labels.map((name) => [name, floats(`label.${name}`)] as const);
    const absent = spec.absent.map((name) => [name, new Float32Array(rows).fill(Number.NaN)] as const);
    return {
      labels: recordOf([...labels, ...absent]),
      weight: spec.weight ? floats("weight") : new Float32Array(rows).fill(1),
      offset: spec.negatives === null ? new Float32Array(rows) : floats("offset"),
    };
  }

  batch(
    part: Part,
    samples: Uint32Array,
    least: Readonly<Record<string, number>>,
    most: Readonly<Record<string, number>> = emptyRecord(),
    timed = false,
  ): Batch {
    const { spec } = this;
    const columns = this.#samples[part];
    const count = spec.samples[part];
    for (const sample of samples) {
      if (sample >= count) {
        throw new TwinError(`the ${part} part has ${count} samples, and number ${sample} was asked for`);
      }
    }
    const rows = samples.length;
    const user = columns.user.gatherAs(Uint32Array, samples);
    const time = columns.time.gatherAs(Float64Array, samples);
    const histories: Record<string, BatchHistory> = emptyRecord();
    for (const history of this.#histories) {
      const start = columns[`start.${history.name}`].gatherAs(Uint32Array, samples);
      const end = columns[`end.${history.name}`]?.gatherAs(Uint32Array, samples) ?? null;
      const same = columns[`same.${history.name}`]?.gatherAs(Int32Array, samples) ?? null;
      histories[history.name] = batchHistory(
        history,
        { time, user, start, end, same },
        boundOf(least, history.name) ?? 0,
        timed,
        boundOf(most, history.name),
      );
    }
    return {
      ...this.labels(part, samples),
      rows,
      samples,
      histories,
      candidate: columns.candidate.gatherAs(Int32Array, samples),
      single: recordOf(spec.single.map(({ name }) => [name, columns[`single.${name}`].gatherEncoded(samples)])),
      user,
      time,
      row: columns.row.gatherAs(Float64Array, samples),
    };
  }

  close(): void {
    for (const column of this.#opened) {
      column.close();
    }
  }
}

/** A record that came from another thread has a prototype again. */
const boundOf = (bounds: Readonly<Record<string, number>>, name: string): number | undefined =>
  Object.hasOwn(bounds, name) ? bounds[name] : undefined;
