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
  if (width === 1) {
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
  for (let i = 0; i < count; i++) {
    const time = times[i];
    if (i > 0 && time > times[i - 1]) {
      descending = false;
    }
    if (time > newest) {
      newest = time;
    }
    if (time < oldest) {
      oldest = time;
    }
    if (whole && !Number.isInteger(time)) {
      whole = false;
    }
  }
  if (descending) {
    return asGiven(length);
  }
  if (whole && (newest - oldest + 1) * count < Number.MAX_SAFE_INTEGER) {
    // Age and position in one number: sorting it is stable, and needs no comparison function.
    const keys = Float64Array.from(times, (time, i) => (newest - time) * count + i).sort();
    return Int32Array.from({ length }, (_, i) => keys[i] % count);
  }
  const order = Int32Array.from({ length: count }, (_, i) => i);
  return order.sort((a, b) => times[b] - times[a] || a - b).slice(0, length);
}

/** The first positions as they stand. */
export function asGiven(length: number): Int32Array {
  const order = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    order[i] = i;
  }
  return order;
}
