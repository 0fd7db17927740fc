// The behaviours of a batch's samples, copied side by side: typed arrays only, nothing is made for a single behaviour.

import type { NumberArray } from "../../contract/alike.ts";
import { TwinError } from "../../contract/error.ts";
import { emptyRecord } from "../../contract/record.ts";
import { elapsedBuckets, placeBuckets } from "../encode/buckets.ts";
import type { Encoded } from "../encode/encoded.ts";
import { isSeen } from "../encode/seen.ts";
import { type Compared, EqualBefore, gapBuckets } from "../stats/gaps.ts";
import type { BatchHistory } from "./dataset.ts";

/** Numbers by row, in memory or not. */
export interface NumberColumn {
  /** Numbers of rows from … to − 1. Valid until the next call: look at them or copy them. */
  range(from: number, to: number): NumberArray;
  /** The rows with these numbers, copied. */
  gather(rows: Uint32Array): NumberArray;
}

/** How a feature of past behaviours is stored. */
export interface StoredCross {
  readonly name: string;
  readonly type: "int32" | "float32";
  readonly width: number;
  /** What a missing value is. */
  readonly fill: number;
  /** Of elapsed time, of places and of gaps: no value is stored, the batch computes it. */
  readonly edges: readonly number[] | null;
  /** Given where the edges are of places. */
  readonly place?: true | undefined;
  /** Given where they are of gaps, with the feature of the item that is equal; null: any behaviour is. */
  readonly gap?: { readonly on: string | null } | undefined;
  /** Given where a value may have become known later than its behaviour: a sample sees it this long after that. */
  readonly known?: { readonly delay: number } | undefined;
}

export interface HistoryColumns {
  readonly name: string;
  readonly max: number;
  readonly item: NumberColumn;
  /** Null: positions count as steps, the newest one step before its sample. */
  readonly time: NumberColumn | null;
  /** Numbers of the values that exclude, of behaviours; null: none does. */
  readonly same: NumberColumn | null;
  /** By user, where the behaviours end; null: each sample says it. */
  readonly ends: NumberColumn | null;
  /** Stored ones with their column; computed ones without. */
  readonly cross: readonly {
    readonly spec: StoredCross;
    readonly column: NumberColumn | null;
    /** When each value became known, where that is later than the behaviour; NaN: never. */
    readonly known: NumberColumn | null;
    /** Of a gap by a feature of the item: how many places further the next older equal behaviour stands; 0: none does. */
    readonly distance?: NumberColumn | null;
  }[];
  /** Where some behaviours are excluded from samples and gaps are by features of the item: these, of all items, by ordinal. */
  readonly compared?: Readonly<Record<string, Compared & { readonly values: Encoded }>>;
}

export interface SamplesOfBatch {
  readonly time: Float64Array;
  readonly user: Uint32Array;
  readonly start: Uint32Array;
  /** Where the behaviours of each sample end, where they are its own. */
  readonly end?: Uint32Array | null;
  /** Numbers of the values that exclude, of the samples. */
  readonly same: Int32Array | null;
}

/**
 * @param least behaviours to which every row is padded at least @param timed whether their times are wanted
 * @param most behaviours of a row: what is beyond them counts as before for those that are given
 */
export function batchHistory(
  history: HistoryColumns,
  samples: SamplesOfBatch,
  least: number,
  timed = false,
  most = history.max,
): BatchHistory {
  const rows = samples.start.length;
  const ends = samples.end ?? history.ends?.gather(samples.user);
  if (ends === undefined) {
    throw new Error(`nothing says where the behaviours of ${history.name} end`);
  }
  const lengths = new Int32Array(rows);
  const gaps = history.cross.some(({ spec }) => spec.gap !== undefined);
  // What lies beyond what is wanted is looked at for gaps alone.
  const reach = gaps ? history.max : Math.min(history.max, most);
  // Where values exclude, the behaviours of a row are no range.
  const chosen: (Int32Array | null)[] | null = samples.same === null ? null : new Array(rows).fill(null);
  let longest = least;
  for (let row = 0; row < rows; row++) {
    const start = samples.start[row];
    lengths[row] = Math.min(Math.max(0, ends[row] - start), history.max, most);
    const code = samples.same === null ? -1 : samples.same[row];
    if (chosen !== null && history.same !== null && code >= 0) {
      const rest = others(history.same, reach, start, ends[row], code);
      chosen[row] = rest;
      lengths[row] = Math.min(rest.length, most);
    }
    longest = Math.max(longest, lengths[row]);
  }
  const length = Math.max(longest, 1);
  const item = new Int32Array(rows * length);
  const outputs = history.cross.map(({ spec }) => filled(spec, rows * length));
  const whenAll = timed && history.time !== null ? new Float64Array(rows * length).fill(Number.NaN) : null;
  const elapsed = history.cross.some(({ column }) => column === null);
  for (let row = 0; row < rows; row++) {
    const count = lengths[row];
    if (count === 0) {
      continue;
    }
    const start = samples.start[row];
    const picked = chosen?.[row] ?? null;
    const at = row * length;
    const now = samples.time[row];
    copy(history.item, start, count, picked, item, at, 1);
    if (history.time !== null) {
      const first = picked === null ? start : picked[0];
      const newest = history.time.range(first, first + 1)[0];
      // What is not strictly before the sample is the future: such data must never be trained on.
      if (!isSeen(newest, now)) {
        leak(history, row, newest, now);
      }
    }
    if (whenAll !== null && history.time !== null) {
      whenAll.set(doublesOf(history.time, start, count, picked), at);
    }
    for (let c = 0; c < outputs.length; c++) {
      const { spec, column, known } = history.cross[c];
      if (column !== null) {
        copy(column, start, count, picked, outputs[c], at * spec.width, spec.width);
      }
      if (known === null) {
        continue;
      }
      const delay = spec.known?.delay ?? 0;
      const knownAt = doublesOf(known, start, count, picked);
      for (let i = 0; i < count; i++) {
        if (!isSeen(knownAt[i], now, delay)) {
          outputs[c].fill(spec.fill, (at + i) * spec.width, (at + i + 1) * spec.width);
        }
      }
    }
    if (!elapsed) {
      continue;
    }
    const limit = picked?.length ?? Math.min(reach, ends[row] - start);
    const times = history.time === null ? stepsBefore(now, limit) : doublesOf(history.time, start, limit, picked);
    for (let c = 0; c < outputs.length; c++) {
      const { edges, place, gap } = history.cross[c].spec;
      const output = outputs[c];
      if (edges === null || !(output instanceof Int32Array)) {
        continue;
      }
      if (gap !== undefined) {
        gapBuckets(
          output,
          at,
          count,
          { distance: distances(history, c, start, count, picked), time: times, limit },
          edges,
        );
      } else if (place === true) {
        placeBuckets(output, at, count, edges);
      } else {
        elapsedBuckets(output, at, times, count, now, edges);
      }
    }
  }
  const cross: Record<string, Encoded> = emptyRecord();
  history.cross.forEach(({ spec }, c) => {
    cross[spec.name] = outputs[c];
  });
  return timed ? { length, lengths, item, cross, time: whenAll } : { length, lengths, item, cross };
}

function filled({ type, width, fill }: StoredCross, rows: number): Encoded {
  if (type === "float32") {
    return new Float32Array(rows * width);
  }
  const values = new Int32Array(rows * width);
  return fill === 0 ? values : values.fill(fill);
}

function copy(
  column: NumberColumn,
  start: number,
  count: number,
  picked: Int32Array | null,
  into: Encoded,
  at: number,
  width: number,
): void {
  if (picked === null) {
    into.set(column.range(start, start + count), at);
    return;
  }
  const from = column.range(start, picked[count - 1] + 1);
  for (let i = 0; i < count; i++) {
    const first = (picked[i] - start) * width;
    for (let j = 0; j < width; j++) {
      into[at + i * width + j] = from[first + j];
    }
  }
}

function doublesOf(column: NumberColumn, start: number, count: number, picked: Int32Array | null): ArrayLike<number> {
  if (picked === null) {
    return column.range(start, start + count);
  }
  const times = new Float64Array(count);
  const from = column.range(start, picked[count - 1] + 1);
  for (let i = 0; i < count; i++) {
    times[i] = from[picked[i] - start];
  }
  return times;
}

/** Of each behaviour, how far the one before stands. */
function distances(
  { cross, compared, item }: HistoryColumns,
  c: number,
  start: number,
  count: number,
  picked: Int32Array | null,
): ArrayLike<number> | null {
  const { spec, distance } = cross[c];
  const on = spec.gap?.on ?? null;
  if (on === null) {
    return null;
  }
  if (picked === null) {
    if (distance == null) {
      throw new Error(`nothing says how far the behaviours before those of ${spec.name} stand`);
    }
    return distance.range(start, start + count);
  }
  const feature = compared?.[on];
  if (feature === undefined) {
    throw new Error(`${spec.name} compares ${on}, which is not at hand`);
  }
  const items = item.range(start, picked[picked.length - 1] + 1);
  const own = Int32Array.from(picked, (place) => items[place - start]);
  return new EqualBefore(feature).distances(feature.values, own);
}

const stepsBefore = (now: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => now - 1 - i);

/** Behaviours from `start` on whose value is another one, at most `max`. */
export function others(same: NumberColumn, max: number, start: number, end: number, code: number): Int32Array {
  const chosen = new Int32Array(Math.min(max, Math.max(0, end - start)));
  let count = 0;
  // Read in pieces: a long past is not looked at whole where `max` is short.
  for (let from = start; from < end && count < max; from += 4096) {
    const to = Math.min(end, from + 4096);
    const codes = same.range(from, to);
    for (let i = 0; i < to - from && count < max; i++) {
      if (codes[i] !== code) {
        chosen[count++] = from + i;
      }
    }
  }
  return chosen.subarray(0, count);
}

function leak({ name }: HistoryColumns, row: number, newest: number, now: number): never {
  throw new TwinError(
    `the prepared data is wrong: in history ${name} the sample ${row} of the batch, at ${now}, sees a behaviour at ${newest}, which is not before it. Prepare the data again`,
  );
}
