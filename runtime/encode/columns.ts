// A request's columns: which names there may be, equal lengths, and the order of behaviours.

import { alike } from "../../contract/alike.ts";
import { TwinError } from "../../contract/error.ts";
import { meant } from "../../contract/nearest.ts";
import type { Encoded } from "./encoded.ts";

/** Throws for a column that the model does not have. */
export function onlyKnown(given: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new TwinError(`${where} has no column \`${name}\`${meant(name, known)}`);
    }
  }
}

/** Any array or typed array. */
export function isColumn(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** A plain object of columns or values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !isColumn(value);
}

/**
 * Encoded values [source rows, width] in another order, padded to `length` rows with `fill`.
 * @param order for each row of the result the row of `data`
 */
export function reorder<T extends Encoded>(data: T, width: number, order: Int32Array, length: number, fill: number): T {
  const result = alike(data, length * width);
  if (isAsGiven(order)) {
    result.set(data.subarray(0, order.length * width));
  } else if (width === 1) {
    for (let i = 0; i < order.length; i++) {
      result[i] = data[order[i]];
    }
  } else {
    for (let i = 0; i < order.length; i++) {
      const from = order[i] * width;
      for (let j = 0; j < width; j++) {
        result[i * width + j] = data[from + j];
      }
    }
  }
  if (fill !== 0) {
    result.fill(fill, order.length * width);
  }
  return result;
}

/**
 * Positions from the newest to the oldest, at most `max`; equal times keep their order.
 * @param times one finite number a behaviour
 */
export function newestFirst(times: Float64Array, max: number): Int32Array {
  const count = times.length;
  const length = Math.min(max, count);
  let descending = true;
  let newest = Number.NEGATIVE_INFINITY;
  let oldest = Number.POSITIVE_INFINITY;
  let whole = true;
  let before = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const time = times[i];
    descending &&= time <= before;
    before = time;
    newest = Math.max(newest, time);
    oldest = Math.min(oldest, time);
    whole &&= Math.floor(time) === time;
  }
  if (descending) {
    return asGiven(length);
  }
  if (whole && newest - oldest < 2 ** 32) {
    const ages = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ages[i] = newest - times[i];
    }
    return youngestFirst(ages, newest - oldest).subarray(0, length);
  }
  const order = asGiven(count);
  return order.sort((a, b) => times[b] - times[a] || a - b).slice(0, length);
}

/**
 * Positions by ascending age, equal ages as they stand: a radix sort, 11 bits a round from the lowest on. Ages go along
 * with their positions, so that memory is read in its order.
 * @param most the highest age
 */
function youngestFirst(ages: Uint32Array, most: number): Int32Array {
  const count = ages.length;
  let order: Int32Array = asGiven(count);
  let next: Int32Array = new Int32Array(count);
  let nextAges: Uint32Array = new Uint32Array(count);
  const places = new Int32Array(2048);
  for (let shift = 0; shift < 32 && most >>> shift > 0; shift += 11) {
    places.fill(0);
    for (let i = 0; i < count; i++) {
      places[(ages[i] >>> shift) & 2047]++;
    }
    let first = 0;
    for (let digit = 0; digit < 2048; digit++) {
      const own = places[digit];
      places[digit] = first;
      first += own;
    }
    for (let i = 0; i < count; i++) {
      const age = ages[i];
      const place = places[(age >>> shift) & 2047]++;
      next[place] = order[i];
      nextAges[place] = age;
    }
    [order, next] = [next, order];
    [ages, nextAges] = [nextAges, ages];
  }
  return order;
}

/** Whether positions are 0, 1, 2, …: nothing changes its place. */
export function isAsGiven(order: Int32Array): boolean {
  for (let i = 0; i < order.length; i++) {
    if (order[i] !== i) {
      return false;
    }
  }
  return true;
}

/** The first positions as they stand. */
export function asGiven(length: number): Int32Array {
  const order = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    order[i] = i;
  }
  return order;
}
