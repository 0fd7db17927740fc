// Numbers and elapsed times → buckets: 1 + the number of edges <= value; missing and NaN → 0. Flags → 0, 1, 2.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type EncodeContext, refuse } from "./context.ts";
import { isTyped, type RawColumn } from "./raw.ts";

/** Up to this many edges a straight count is faster than halving. */
const few = 12;

/** Number of ascending edges <= value. */
export function edgesUpTo(edges: Float64Array, value: number): number {
  let low = 0;
  if (edges.length <= few) {
    while (low < edges.length && edges[low] <= value) {
      low++;
    }
    return low;
  }
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle] <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** `bucketed`. In a float32 column an edge counts as reached by the float32 nearest to it. */
export function encodeBuckets(
  feature: FeatureSpec,
  edges: readonly number[],
  values: RawColumn,
  context: EncodeContext,
): Int32Array {
  const rows = new Int32Array(values.length);
  const exact = Float64Array.from(edges, (edge) => (values instanceof Float32Array ? Math.fround(edge) : edge));
  if (isTyped(values) && !(values instanceof BigInt64Array || values instanceof BigUint64Array)) {
    for (let i = 0; i < rows.length; i++) {
      const value = values[i];
      rows[i] = Number.isNaN(value) ? 0 : 1 + edgesUpTo(exact, value);
    }
    return rows;
  }
  for (let i = 0; i < rows.length; i++) {
    const value = numberOrMissing(feature, values[i], i, context);
    rows[i] = Number.isNaN(value) ? 0 : 1 + edgesUpTo(exact, value);
  }
  return rows;
}

/** A number; NaN where it is missing. */
export function numberOrMissing(feature: FeatureSpec, value: unknown, index: number, context: EncodeContext): number {
  if (typeof value === "number") {
    return value;
  }
  if (typeof value === "bigint") {
    return Number(value);
  }
  return value === null || value === undefined ? Number.NaN : refuse(feature, context, index, value, "a number");
}

/** `elapsed`: request time minus behaviour time; negative or missing → 0. */
export function encodeElapsed(
  feature: FeatureSpec,
  edges: readonly number[],
  rows: number,
  context: EncodeContext,
): Int32Array {
  const { now, times, where } = context;
  if (now === undefined || times === undefined) {
    const lacking = times === undefined ? "the time of each behaviour" : "the time of the request";
    throw new TwinError(`${where}: feature ${feature.name} needs ${lacking}: bring \`time\``);
  }
  if (times.length !== rows || (typeof now !== "number" && now.length !== rows)) {
    throw new TwinError(`${where}: feature ${feature.name} has ${rows} rows and ${times.length} times`);
  }
  const exact = Float64Array.from(edges);
  const result = new Int32Array(rows);
  for (let i = 0; i < rows; i++) {
    const elapsed = (typeof now === "number" ? now : now[i]) - times[i];
    result[i] = elapsed >= 0 ? 1 + edgesUpTo(exact, elapsed) : 0;
  }
  return result;
}

/**
 * `elapsed` of sorted times, all before `now`, into a row: what has passed rises, so each edge has one place in it, and a
 * long history costs a few halvings. Equal to `encodeElapsed`, which a test holds.
 * @param times newest first
 */
export function elapsedBuckets(
  into: Int32Array,
  at: number,
  times: ArrayLike<number>,
  count: number,
  now: number,
  edges: readonly number[],
): void {
  let from = 0;
  for (let edge = 0; edge < edges.length && from < count; edge++) {
    let low = from;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (now - times[middle] >= edges[edge]) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    into.fill(1 + edge, at + from, at + low);
    from = low;
  }
  into.fill(1 + edges.length, at + from, at + count);
}

/**
 * `place` of behaviours that stand newest first, into a row: 1 + the number of edges <= 1, 2, 3 …
 * @param count behaviours
 */
export function placeBuckets(into: Int32Array, at: number, count: number, edges: readonly number[]): void {
  let reached = 0;
  for (let i = 0; i < count; i++) {
    while (reached < edges.length && edges[reached] <= i + 1) {
      reached++;
    }
    into[at + i] = 1 + reached;
  }
}

/** `place` of so many behaviours, newest first. */
export function encodePlaces(edges: readonly number[], rows: number): Int32Array {
  const result = new Int32Array(rows);
  placeBuckets(result, 0, rows, edges);
  return result;
}

/** `flag`: 0 missing, 1 false, 2 true; the numbers 0 and 1 are taken as booleans. */
export function encodeFlags(feature: FeatureSpec, values: RawColumn, context: EncodeContext): Int32Array {
  const rows = new Int32Array(values.length);
  for (let i = 0; i < rows.length; i++) {
    const value = values[i];
    if (value === true || value === 1 || value === 1n) {
      rows[i] = 2;
    } else if (value === false || value === 0 || value === 0n) {
      rows[i] = 1;
    } else if (value !== null && value !== undefined && !Number.isNaN(value)) {
      refuse(feature, context, i, value, "true or false");
    }
  }
  return rows;
}
