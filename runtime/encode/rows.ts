// Raw values → rows of an embedding table, by `id`, `vocabulary` or `hashed`; row 0 is missing or unknown.
import { type RowEncoder, together } from "../../contract/encoder-spec.ts";
import { integerBucket, mostBuckets } from "../../contract/hash-integer.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type EncodeContext, refuse } from "./context.ts";
import { exactBelow } from "./keys.ts";
import { isTyped, type RawColumn, type TypedColumn } from "./raw.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Row of one value; `index` is for errors. */
export type RowOf = (value: unknown, index: number) => number;

/**
 * The rule of one feature, bound to its vocabulary and hash.
 * @param exact whole numbers nearer to 0 were not rounded where they come from (`exactBelow`)
 * @param seed of a hash
 */
export function rowOf(
  feature: FeatureSpec,
  encoder: RowEncoder,
  context: EncodeContext,
  exact: number = exactBelow(null),
  seed = 0,
): RowOf {
  const expected = {
    id: "an integer",
    vocabulary: "a text or an integer",
    hashed: "a text or an integer",
  }[encoder.kind];
  const checkInteger = (value: number, index: number): void => {
    if (!Number.isInteger(value)) {
      refuse(feature, context, index, value, expected);
    }
    if (Math.abs(value) >= exact && (encoder.kind !== "id" || (value > 0 && value <= encoder.vocab))) {
      const rounded =
        exact === 2 ** 24 ? "above 2^24 a Float32Array rounds" : "above 2^53 − 1 a number has been rounded";
      refuse(feature, context, index, value, `a BigInt or a decimal text (${rounded})`);
    }
  };
  const known = knownRow(feature, encoder, context, seed);
  return (value, index) => {
    switch (typeof value) {
      case "number":
        if (Number.isNaN(value)) {
          return 0;
        }
        checkInteger(value, index);
        return known(value);
      case "bigint":
        return known(value);
      case "string":
        return encoder.kind === "id" ? refuse(feature, context, index, value, expected) : known(value);
      default:
        return value === null || value === undefined ? 0 : refuse(feature, context, index, value, expected);
    }
  };
}

function knownRow(
  feature: FeatureSpec,
  encoder: RowEncoder,
  context: EncodeContext,
  seed: number,
): (value: number | bigint | string) => number {
  switch (encoder.kind) {
    case "id":
      return (value) => (Number(value) >= 0 && Number(value) < encoder.vocab ? Number(value) + 1 : 0);
    case "vocabulary": {
      const vocabulary = vocabularyOf(feature, context);
      return (value) => vocabulary.row(value);
    }
    case "hashed": {
      const { buckets } = encoder;
      // An integer hashes as its decimal text (that of −0 is "0").
      const quick = buckets <= mostBuckets;
      const ofText = (value: number | bigint | string) => context.hasher.bucket(String(value), buckets, seed);
      return (value) => 1 + (quick && typeof value === "number" ? integerBucket(value, buckets, seed) : ofText(value));
    }
  }
}

function vocabularyOf(feature: FeatureSpec, context: EncodeContext): Vocabulary {
  return context.vocabulary(feature.vocabulary ?? feature.name);
}

/** A whole column of rows, or of as many a value as `encoder` hashes. */
export function encodeRows(
  feature: FeatureSpec,
  encoder: RowEncoder,
  values: RawColumn,
  context: EncodeContext,
): Int32Array {
  if (isTyped(values) && encoder.kind !== "hashed" && isIntegral(values)) {
    return encoder.kind === "id"
      ? idRows(values, encoder.vocab)
      : vocabularyRows(values, vocabularyOf(feature, context));
  }
  const width = together(encoder);
  const rows = new Int32Array(width * values.length);
  for (let seed = 0; seed < width; seed++) {
    putRows(values, rowOf(feature, encoder, context, exactBelow(values), seed), rows, seed, width);
  }
  return rows;
}

/** Row of value i → place `first` + `step` · i. */
function putRows(values: RawColumn, of: RowOf, rows: Int32Array, first: number, step: number): void {
  if (values instanceof BigInt64Array) {
    // Safe integers take the number's way, which needs no BigInt.
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
    for (let i = 0; i < values.length; i++) {
      const high = words[2 * i + 1];
      const safe = high >= -0x200000 && high < 0x200000;
      const value = safe ? high * 0x100000000 + (words[2 * i] >>> 0) : values[i];
      rows[first + step * i] = of(value === -0x20000000000000 ? values[i] : value, i);
    }
    return;
  }
  for (let i = 0; i < values.length; i++) {
    rows[first + step * i] = of(values[i], i);
  }
}

function isIntegral(values: TypedColumn): values is Exclude<TypedColumn, Float32Array | Float64Array> {
  return !(values instanceof Float32Array || values instanceof Float64Array);
}

function idRows(values: Exclude<TypedColumn, Float32Array | Float64Array>, vocab: number): Int32Array {
  const rows = new Int32Array(values.length);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
    for (let i = 0; i < rows.length; i++) {
      rows[i] = words[2 * i + 1] === 0 && words[2 * i] < vocab ? words[2 * i] + 1 : 0;
    }
    return rows;
  }
  for (let i = 0; i < rows.length; i++) {
    const value = values[i];
    rows[i] = value >= 0 && value < vocab ? value + 1 : 0;
  }
  return rows;
}

function vocabularyRows(values: Exclude<TypedColumn, Float32Array | Float64Array>, vocabulary: Vocabulary): Int32Array {
  const rows = new Int32Array(values.length);
  if (values instanceof BigInt64Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
    for (let i = 0; i < rows.length; i++) {
      rows[i] = vocabulary.integerRow(words[2 * i], words[2 * i + 1]);
    }
    return rows;
  }
  for (let i = 0; i < rows.length; i++) {
    const value = values[i];
    rows[i] = typeof value === "number" ? vocabulary.integerRow(value, value < 0 ? -1 : 0) : vocabulary.row(value);
  }
  return rows;
}
