// Which values of a row's list are behaviours that its sample sees: newest first, strictly before it, at most `max`.
import { numbersOrNulls } from "../../encode/data-column.ts";
import { earliest, latest } from "../../encode/instant.ts";
import { isSeen } from "../../encode/seen.ts";
import type { FlatLists } from "../database/flat-lists.ts";

/** What was found in the lists of a history. */
export interface ListCounts {
  lists: number;
  /** Behaviours that samples see: those of a list count for each of its samples. */
  behaviours: number;
  /** Lists without any. */
  empty: number;
  /** Behaviours of the longest list, before `max` cuts it. */
  longest: number;
  /** Lists that are longer than `max`, and what is cut off them. */
  long: number;
  cut: number;
  /** Behaviours that are not strictly before their sample, which does not see them. */
  late: number;
  /** Lists that do not stand in the order of their times; they are sorted. */
  unordered: number;
  /** Places that hold no item, and padding. */
  blank: number;
  /** Behaviours of items that are none of the data's. */
  unknown: number;
  /** Samples with a behaviour whose label is 1 (above 0), how many of them have the candidate as the newest one, and as the one before. */
  ones: number;
  onesNewest: number;
  onesSecond: number;
  /** The same of those whose labels are all 0. */
  zeros: number;
  zerosNewest: number;
}

export const noLists = (): ListCounts => ({
  lists: 0,
  behaviours: 0,
  empty: 0,
  longest: 0,
  long: 0,
  cut: 0,
  late: 0,
  unordered: 0,
  blank: 0,
  unknown: 0,
  ones: 0,
  onesNewest: 0,
  onesSecond: 0,
  zeros: 0,
  zerosNewest: 0,
});

export interface Picked {
  /** Places of the values of all rows, newest first within a row. */
  readonly at: Int32Array;
  /** Where each row begins in `at`, and the end: rows + 1. Beyond `max` stands what the sample does not see. */
  readonly starts: Int32Array;
  /** Behaviours that each row's sample sees. */
  readonly lengths: Int32Array;
}

export interface ListOrder {
  readonly max: number;
  readonly newest: "last" | "first";
}

/**
 * @param there whether a value of the items is a behaviour
 * @param times epoch seconds beside the items; null: positions count
 * @param now time of each row's sample
 * @param refuse throws, of a row whose behaviour has such a time
 */
export function pickBehaviours(
  { starts }: FlatLists,
  there: (value: number) => boolean,
  times: FlatLists | null,
  now: ArrayLike<number>,
  { max, newest }: ListOrder,
  counts: ListCounts,
  refuse: (row: number, time: number) => void,
): Picked {
  const rows = starts.length - 1;
  const at = new Int32Array(starts[rows] - starts[0]);
  const first = new Int32Array(rows + 1);
  const lengths = new Int32Array(rows);
  const last = newest === "last";
  const values = secondsOf(times);
  let filled = 0;
  for (let row = 0; row < rows; row++) {
    const [from, to] = [starts[row], starts[row + 1]];
    const begin = filled;
    first[row] = begin;
    for (let i = 0; i < to - from; i++) {
      const place = last ? to - 1 - i : from + i;
      if (there(place)) {
        at[filled++] = place;
      }
    }
    counts.blank += to - from - (filled - begin);
    if (times !== null) {
      // Parallel lists: the same place within the row.
      const shift = times.starts[row] - from;
      filled = timed(at, begin, filled, values, shift, now[row], counts, (time) => refuse(row, time));
    }
    const length = filled - begin;
    lengths[row] = Math.min(length, max);
    counts.lists++;
    counts.behaviours += lengths[row];
    counts.empty += Number(length === 0);
    counts.longest = Math.max(counts.longest, length);
    counts.long += Number(length > max);
    counts.cut += Math.max(0, length - max);
  }
  first[rows] = filled;
  return { at: at.subarray(0, filled), starts: first, lengths };
}

/** NaN where one is missing. */
const secondsOf = (times: FlatLists | null): Float64Array =>
  times?.values instanceof Float64Array
    ? times.values
    : Float64Array.from(numbersOrNulls(times?.values ?? []), (time) => time ?? Number.NaN);

/** Puts a row's places into the order of their times and leaves out what is not before its sample. @returns the new end */
function timed(
  at: Int32Array,
  begin: number,
  end: number,
  times: Float64Array,
  shift: number,
  now: number,
  counts: ListCounts,
  refuse: (time: number) => void,
): number {
  let sorted = true;
  for (let i = begin; i < end; i++) {
    const time = times[at[i] + shift];
    if (!(time >= earliest && time <= latest)) {
      refuse(time);
    }
    sorted &&= i === begin || time <= times[at[i - 1] + shift];
  }
  if (!sorted) {
    counts.unordered++;
    const own = Array.from(at.subarray(begin, end));
    own.sort((a, b) => times[b + shift] - times[a + shift]);
    at.set(own, begin);
  }
  let late = 0;
  while (begin + late < end && !isSeen(times[at[begin + late] + shift], now)) {
    late++;
  }
  counts.late += late;
  at.copyWithin(begin, begin + late, end);
  return end - late;
}
