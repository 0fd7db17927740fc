// A data set in memory: encoded samples with their histories, as batches.
import type { NumberArray } from "../../contract/alike.ts";
import { TwinError } from "../../contract/error.ts";
import { emptyRecord, recordOf } from "../../contract/record.ts";
import type { Encoded } from "../encode/encoded.ts";
import { batchHistory, type HistoryColumns, type NumberColumn } from "./batch-history.ts";
import type { Batch, BatchHistory, Dataset, ItemFeatures, Part } from "./dataset.ts";
import { pickRows } from "./pick-rows.ts";

/** Numbers in memory, so many a row. */
export function memoryColumn<T extends NumberArray>(values: T, width = 1): NumberColumn {
  return {
    range: (from, to) => values.subarray(from * width, to * width),
    gather: (rows) => pickRows(values, rows, width),
  };
}

/** The samples of one part. */
export interface PartSamples {
  readonly user: Uint32Array;
  readonly time: Float64Array;
  /** Numbers of their rows in the log. */
  readonly row: Float64Array;
  readonly candidate: Int32Array;
  /** By history: the first behaviour that is strictly before. */
  readonly start: Readonly<Record<string, Uint32Array>>;
  /** By feature, with the values of one row. */
  readonly single: Readonly<Record<string, { readonly values: Encoded; readonly width: number }>>;
  readonly labels: Readonly<Record<string, Float32Array>>;
}

export interface MemoryData {
  readonly fingerprint: string;
  readonly items: ItemFeatures;
  readonly users: number;
  readonly counted: Readonly<Record<string, Float32Array>>;
  readonly histories: readonly HistoryColumns[];
  readonly parts: Readonly<Record<Part, PartSamples>>;
}

export class MemoryDataset implements Dataset {
  readonly #data: MemoryData;

  constructor(data: MemoryData) {
    this.#data = data;
  }

  get fingerprint(): string {
    return this.#data.fingerprint;
  }

  get items(): ItemFeatures {
    return this.#data.items;
  }

  get users(): number {
    return this.#data.users;
  }

  get counted(): Readonly<Record<string, Float32Array>> {
    return this.#data.counted;
  }

  count(part: Part): number {
    return this.#data.parts[part].user.length;
  }

  whose(part: Part): Pick<PartSamples, "user" | "time"> {
    return this.#data.parts[part];
  }

  labels(part: Part, samples: Uint32Array): Pick<Batch, "labels" | "weight" | "offset"> {
    const { labels } = this.#data.parts[part];
    return {
      labels: recordOf(Object.entries(labels).map(([name, values]) => [name, pickRows(values, samples)] as const)),
      weight: new Float32Array(samples.length).fill(1),
      offset: new Float32Array(samples.length),
    };
  }

  batch(
    part: Part,
    samples: Uint32Array,
    least: Readonly<Record<string, number>>,
    most: Readonly<Record<string, number>> = emptyRecord(),
    timed = false,
  ): Batch {
    const of = this.#data.parts[part];
    const beyond = samples.find((sample) => sample >= of.user.length);
    if (beyond !== undefined) {
      throw new TwinError(`the ${part} part has ${of.user.length} samples, and number ${beyond} was asked for`);
    }
    const time = pickRows(of.time, samples);
    const user = pickRows(of.user, samples);
    const histories: Record<string, BatchHistory> = emptyRecord();
    for (const history of this.#data.histories) {
      const { name } = history;
      const rows = { time, user, start: pickRows(of.start[name], samples), same: null };
      const bound = (of: Readonly<Record<string, number>>) => (Object.hasOwn(of, name) ? of[name] : undefined);
      histories[name] = batchHistory(history, rows, bound(least) ?? 0, timed, bound(most));
    }
    const columns = <T, U>(all: Readonly<Record<string, T>>, make: (one: T) => U) =>
      recordOf(Object.entries(all).map(([name, one]) => [name, make(one)] as const));
    return {
      ...this.labels(part, samples),
      rows: samples.length,
      samples,
      histories,
      candidate: pickRows(of.candidate, samples),
      single: columns(of.single, ({ values, width }) => pickRows(values, samples, width)),
      user,
      time,
      row: pickRows(of.row, samples),
    };
  }

  close(): void {}
}
