// What is drawn anew at every step, from counters alone: ids masked to "unknown", dropout. Nothing to store, nothing to
// replay: a resumed run draws the same.
import { counted } from "../../contract/random.ts";
import type { Encoded } from "../encode/encoded.ts";

/**
 * Turns a share of the ids into row 0, "unknown": value i by what the key gives for `first + i`. −1, the filling of tags, stays.
 * @param together rows that are one value, all masked or none
 */
export function maskRows(rows: Int32Array, first: number, key: number, share: number, together = 1): void {
  const limit = share * 4294967296;
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] > 0 && counted(key, first + Math.trunc(i / together)) < limit) {
      rows[i] = 0;
    }
  }
}

/** The same for features of items: an item is masked, or not, wherever it occurs in the batch. */
export function maskItems(
  rows: Int32Array,
  ordinals: Int32Array,
  width: number,
  key: number,
  share: number,
  together = 1,
): void {
  const limit = share * 4294967296;
  const values = width / together;
  for (let u = 1; u < ordinals.length; u++) {
    for (let j = 0; j < width; j++) {
      const i = u * width + j;
      if (rows[i] > 0 && counted(key, ordinals[u] * values + Math.trunc(j / together)) < limit) {
        rows[i] = 0;
      }
    }
  }
}

/** Whether rows can be masked at all: floats cannot. */
export const maskable = (values: Encoded): values is Int32Array => values instanceof Int32Array;

/** 0 with probability `rate`, else 1 / (1 − rate), so that the mean stays (Srivastava et al., JMLR 2014, inverted). */
export function dropoutMask(length: number, rate: number, key: number): Float32Array {
  const mask = new Float32Array(length);
  const limit = rate * 4294967296;
  const kept = 1 / (1 - rate);
  for (let i = 0; i < length; i++) {
    mask[i] = counted(key, i) < limit ? 0 : kept;
  }
  return mask;
}
