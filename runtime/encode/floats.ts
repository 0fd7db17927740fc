// Floats that enter the graphs as they are: numbers and pretrained vectors. What is not finite never gets through.
import type { Encoder } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { numberOrMissing } from "./buckets.ts";
import { type EncodeContext, refuse } from "./context.ts";
import { isTyped, type RawColumn } from "./raw.ts";

/** `number`: missing or NaN → 0, else scaled. @throws TwinError where float32 cannot hold what it becomes */
export function encodeNumbers(
  feature: FeatureSpec,
  encoder: NumberEncoder,
  values: RawColumn,
  context: EncodeContext,
): Float32Array {
  const scale = scaleOf(encoder);
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const given = values[i];
    const value = typeof given === "number" ? given : numberOrMissing(feature, given, i, context);
    if (Number.isNaN(value)) {
      continue;
    }
    result[i] = scale(value);
    if (!Number.isFinite(result[i])) {
      refuse(feature, context, i, given, "a finite number within the range of float32");
    }
  }
  return result;
}

/** `members`: missing, NaN or less than 1 → 1. @throws TwinError where it is no finite number */
export function encodeMembers(feature: FeatureSpec, values: RawColumn, context: EncodeContext): Float32Array {
  const result = encodeNumbers(feature, { kind: "number", scale: "none" }, values, context);
  return result.map((count) => Math.max(count, 1));
}

type NumberEncoder = Extract<Encoder, { kind: "number" }>;

/** What a value becomes, in float64; infinities stay what they are, or become NaN. */
function scaleOf({ scale, mean, deviation }: NumberEncoder): (value: number) => number {
  if (scale === "log") {
    return (value) => (value < 0 ? -Math.log1p(-value) : Math.log1p(value));
  }
  if (scale === "none" || mean === undefined || deviation === undefined) {
    return (value) => value;
  }
  // A column that was always the same has taught nothing: what another value would do is left to chance.
  return deviation === 0 ? (value) => Math.abs(value) * 0 : (value) => (value - mean) / deviation;
}

/**
 * `pretrained`: a list of vectors, or one typed array of rows·size floats; missing → zeros.
 * @returns float32 [rows, size]
 */
export function encodeVectors(
  feature: FeatureSpec,
  size: number,
  values: RawColumn,
  rows: number,
  context: Pick<EncodeContext, "where">,
): Float32Array {
  const result = new Float32Array(rows * size);
  if (isTyped(values)) {
    if (values.length !== rows * size || values instanceof BigInt64Array || values instanceof BigUint64Array) {
      throw new TwinError(
        `${context.where}: feature ${feature.name}: ${values.length} values where ${rows} vectors of ${size} floats are due`,
      );
    }
    result.set(values);
    checkFinite(feature, context, result, values, 0, rows, size);
    return result;
  }
  for (let i = 0; i < rows; i++) {
    const vector = values[i];
    if (vector === null || vector === undefined) {
      continue;
    }
    const expected = `a vector of ${size} floats`;
    if (!Array.isArray(vector) && !isTyped(vector)) {
      return refuse(feature, context, i, vector, expected);
    }
    if (vector.length !== size) {
      refuse(feature, context, i, vector, expected);
    }
    for (let j = 0; j < size; j++) {
      const value: unknown = vector[j];
      if (typeof value !== "number") {
        refuse(feature, context, i, value, `in its place ${j} a number`);
      }
      result[i * size + j] = value;
    }
    checkFinite(feature, context, result, null, i, i + 1, size);
  }
  return result;
}

function checkFinite(
  feature: FeatureSpec,
  context: Pick<EncodeContext, "where">,
  result: Float32Array,
  given: ArrayLike<unknown> | null,
  from: number,
  to: number,
  size: number,
): void {
  for (let at = from * size; at < to * size; at++) {
    if (!Number.isFinite(result[at])) {
      const value = given ? given[at] : result[at];
      refuse(feature, context, Math.floor(at / size), value, `in its place ${at % size} a finite float32`);
    }
  }
}
