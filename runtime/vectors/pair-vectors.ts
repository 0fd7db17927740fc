// Vectors of items from how often they occur together: the truncated SVD of shifted positive mutual information (Levy &
// Goldberg 2014), each of length 1. The same bytes on every machine.
import type { Random } from "../../contract/random.ts";
import { type PairCounts, positiveInformation } from "./sparse.ts";
import { truncatedSvdSteps } from "./truncated-svd.ts";

export interface PairVectors {
  /** [size, dim]; zeros where an item has none. */
  readonly rows: Float32Array;
  /** [size]: 1 where an item has a vector. */
  readonly present: Uint8Array;
  /** Numbers of a vector that tell something: fewer than `dim` where the pairs have no more to say. */
  readonly rank: number;
}

/** Of the longest row: what is shorter is rounding alone, and no direction. */
const shortest = 1e-6;

/**
 * Rows of U √Σ (Levy, Goldberg & Dagan 2015, equation 6 with p = ½), divided by their lengths, so that an inner product is a
 * cosine. An item has none where nothing that it occurs with is among what `dim` numbers tell.
 * @param shift negatives a pair, as word2vec would draw them: ln `shift` is taken off the information
 * @yields the share that is done: the place to show it or to stop
 */
export function* pairVectorsSteps(
  pairs: PairCounts,
  { dim, shift, random }: { readonly dim: number; readonly shift: number; readonly random: Random },
): Generator<number, PairVectors> {
  const { size } = pairs;
  const information = positiveInformation(pairs, shift);
  const { values, vectors } = yield* truncatedSvdSteps(information, dim, { random });
  const weights = values.map(Math.sqrt);
  const lengths = new Float64Array(size);
  let longest = 0;
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (let k = 0; k < dim; k++) {
      const value = vectors[row * dim + k] * weights[k];
      vectors[row * dim + k] = value;
      sum += value * value;
    }
    lengths[row] = Math.sqrt(sum);
    longest = Math.max(longest, lengths[row]);
  }
  const rows = new Float32Array(size * dim);
  const present = new Uint8Array(size);
  for (let row = 0; row < size; row++) {
    if (lengths[row] > shortest * longest) {
      present[row] = 1;
      for (let at = row * dim; at < (row + 1) * dim; at++) {
        rows[at] = vectors[at] / lengths[row];
      }
    }
  }
  return { rows, present, rank: values.filter((value) => value > 0).length };
}
