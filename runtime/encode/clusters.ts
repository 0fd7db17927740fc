// `centroid`: a vector → 1 + the nearest of frozen centroids; row 0 is a missing vector. Centroids are the entries of a vocabulary.

import type { Encoder } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { vocabularyName } from "../../contract/vocabulary-name.ts";
import { nearestCentroid } from "../vectors/nearest-centroid.ts";
import type { EncodeContext } from "./context.ts";
import { encodeVectors } from "./floats.ts";
import { isTyped, type RawColumn } from "./raw.ts";
import type { Vocabulary } from "./vocabulary.ts";

type CentroidEncoder = Extract<Encoder, { kind: "centroid" }>;

/** A centroid as an entry of a vocabulary: its float32 numbers, little-endian, in base64. */
export function centroidText(centroid: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(4 * centroid.length));
  centroid.forEach((x, i) => {
    bytes.setFloat32(4 * i, x, true);
  });
  return btoa(Array.from(new Uint8Array(bytes.buffer), (byte) => String.fromCharCode(byte)).join(""));
}

/** [entries, size]. @throws TwinError where an entry is no vector of `size` finite numbers */
export function centroidsOf({ entries, feature }: Pick<Vocabulary, "entries" | "feature">, size: number): Float64Array {
  const centroids = new Float64Array(entries.length * size);
  entries.forEach((text, place) => {
    const bytes = bytesOf(text);
    const numbers = bytes && new DataView(bytes.buffer);
    for (let i = 0; i < size; i++) {
      const x = numbers?.byteLength === 4 * size ? numbers.getFloat32(4 * i, true) : Number.NaN;
      if (!Number.isFinite(x)) {
        throw new TwinError(
          `${vocabularyName(feature)}, entry ${place + 1}: this is no centroid of ${size} numbers. Learn it anew`,
        );
      }
      centroids[place * size + i] = x;
    }
  });
  return centroids;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}

const decoded = new WeakMap<Vocabulary, Float64Array>();

/** int32 [rows]: the nearest in float64, of equal ones the lowest. @throws TwinError as `pretrained` for what is no vector */
export function encodeClusters(
  feature: FeatureSpec,
  { of, size }: CentroidEncoder,
  values: RawColumn,
  rows: number,
  context: EncodeContext,
): Int32Array {
  const vectors = encodeVectors({ ...feature, name: of }, size, values, rows, context);
  const vocabulary = context.vocabulary(feature.vocabulary ?? feature.name);
  const centroids = decoded.get(vocabulary) ?? centroidsOf(vocabulary, size);
  decoded.set(vocabulary, centroids);
  const result = new Int32Array(rows);
  if (vocabulary.size === 0) {
    return result;
  }
  let guess = 0;
  for (let row = 0; row < rows; row++) {
    if (!isTyped(values) && (values[row] === null || values[row] === undefined)) {
      continue;
    }
    guess = nearestCentroid(vectors, row, centroids, size, vocabulary.size, guess).centroid;
    result[row] = guess + 1;
  }
  return result;
}
