// One feature's raw values → what enters the graphs. Training, table building and serving all pass through here.
import {
  type ComputedEncoder,
  encodedShapeOf,
  isComputed,
  isFloat as isFloatEncoder,
  isStat,
} from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodeBuckets, encodeElapsed, encodeFlags, encodePlaces } from "./buckets.ts";
import { encodeClock } from "./clock-rows.ts";
import { encodeClusters } from "./clusters.ts";
import type { EncodeContext } from "./context.ts";
import { encodeMembers, encodeNumbers, encodeVectors } from "./floats.ts";
import { describe } from "./keys.ts";
import { isTyped } from "./raw.ts";
import { encodeRows } from "./rows.ts";
import { encodeTags } from "./tags.ts";

/** Elements of one encoded value: 1 for a row, 2 for two hashes, `max` for tags, `size` for a vector. */
export function encodedWidth(feature: FeatureSpec): number {
  const { encoder } = feature;
  return encodedShapeOf(encoder).reduce((product, size) => product * size, 1);
}

/** Shape of an encoded column: [rows], or [rows, width] where a value has several elements. */
export function encodedShape(feature: FeatureSpec, rows: number): number[] {
  return [rows, ...encodedShapeOf(feature.encoder)];
}

/** Whether it is a float32 column; otherwise int32. */
export const isFloat = ({ encoder }: Pick<FeatureSpec, "encoder">): boolean => isFloatEncoder(encoder);

/** What a computed feature is made of, in words. */
export function computedFrom({ encoder }: Pick<FeatureSpec, "encoder">): string {
  const { kind } = encoder;
  if (isStat(encoder)) {
    return "the user's behaviours";
  }
  if (kind === "place") {
    return "the order of the behaviours";
  }
  if (kind === "gap") {
    return "the times of the behaviours";
  }
  return kind === "elapsed" ? "request time and behaviour time" : "the request's time";
}

/** What a missing value is: −1 for tags, else 0. */
export const fillOf = ({ encoder }: Pick<FeatureSpec, "encoder">): -1 | 0 => (encoder.kind === "tags" ? -1 : 0);

/** The encoded column of values that nobody knows: row 0, no tags (−1), zeros. */
export function missing(feature: FeatureSpec, rows: number): Int32Array | Float32Array {
  const length = rows * encodedWidth(feature);
  if (isFloat(feature)) {
    return new Float32Array(length);
  }
  return new Int32Array(length).fill(fillOf(feature));
}

/**
 * Encodes a column.
 * @param values the raw values, unchecked; undefined: all missing (a computed one needs none, it comes from the context's times)
 * @param rows number of values; of `place` the behaviours that count, newest first
 * @returns shape `encodedShape(feature, rows)`
 * @throws TwinError naming place, feature and index for a value of the wrong kind
 */
export function encodeColumn(
  feature: FeatureSpec,
  values: unknown,
  rows: number,
  context: EncodeContext,
): Int32Array | Float32Array {
  const { encoder } = feature;
  if (isComputed(encoder)) {
    if (values !== undefined) {
      throw new TwinError(
        `${context.where}: feature ${feature.name} is computed from ${computedFrom(feature)}: leave its column out`,
      );
    }
    return encodeComputed(feature, encoder, rows, context);
  }
  if (values === undefined) {
    return encoder.kind === "members" ? new Float32Array(rows).fill(1) : missing(feature, rows);
  }
  if (!Array.isArray(values) && !isTyped(values)) {
    throw new TwinError(
      `${context.where}: feature ${feature.name} must be a column (an array), not ${describe(values)}`,
    );
  }
  const flat = (encoder.kind === "pretrained" || encoder.kind === "centroid") && isTyped(values);
  if (!flat && values.length !== rows) {
    throw new TwinError(
      `${context.where}: feature ${feature.name} has ${values.length} values where ${rows} are due, one for each row`,
    );
  }
  switch (encoder.kind) {
    case "id":
    case "vocabulary":
    case "hashed":
      return encodeRows(feature, encoder, values, context);
    case "bucketed":
      return encodeBuckets(feature, encoder.edges, values, context);
    case "flag":
      return encodeFlags(feature, values, context);
    case "tags":
      return encodeTags(feature, encoder.of, encoder.max, values, context);
    case "pretrained":
      return encodeVectors(feature, encoder.size, values, rows, context);
    case "centroid":
      return encodeClusters(feature, encoder, values, rows, context);
    case "number":
      return encodeNumbers(feature, encoder, values, context);
    case "members":
      return encodeMembers(feature, values, context);
    case "key":
      throw new TwinError(`${context.where}: feature ${feature.name} is a key: it identifies and is not encoded`);
  }
}

function encodeComputed(
  feature: FeatureSpec,
  encoder: ComputedEncoder,
  rows: number,
  context: EncodeContext,
): Int32Array {
  switch (encoder.kind) {
    case "elapsed":
      return encodeElapsed(feature, encoder.edges, rows, context);
    case "place":
      return encodePlaces(encoder.edges, rows);
    case "hour":
    case "weekday":
      return encodeClock(feature, encoder, rows, context);
    default:
      throw new Error(`${context.where}: ${feature.name} is counted beside a candidate, not encoded from a column`);
  }
}
