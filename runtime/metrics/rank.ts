// The rank of one right item among many: recall@k, NDCG@k and reciprocal rank, expected over the orders that equal scores leave open.

/** Where one positive stands among its candidates. */
export interface Place {
  /** Other candidates of a higher score, and of an equal one. */
  readonly above: number;
  readonly equal: number;
}

export interface RankMetrics {
  /** Positives that were ranked; without any, every figure is NaN. */
  readonly positives: number;
  /** Candidates that each was ranked among, itself included, on average. */
  readonly among: number;
  /** Mean rank, from 1; ties share the mean of their ranks. */
  readonly rank: number;
  /** Mean reciprocal rank. */
  readonly mrr: number;
  readonly top: readonly { readonly k: number; readonly recall: number; readonly ndcg: number }[];
}

/**
 * With `equal` other candidates of its score, a positive has each of the ranks above + 1 … above + equal + 1 with the same
 * chance. Of it alone recall@k is whether it stands among the first k, and NDCG@k is 1 / log2(1 + rank) there, else 0: the
 * ideal order has it first. @param among candidates of each, itself included
 */
export function rankMetrics(places: readonly Place[], among: ArrayLike<number>, ks: readonly number[]): RankMetrics {
  const count = places.length;
  const recall = new Float64Array(ks.length);
  const ndcg = new Float64Array(ks.length);
  let [rank, mrr, candidates] = [0, 0, 0];
  places.forEach(({ above, equal }, i) => {
    candidates += among[i];
    rank += above + 1 + equal / 2;
    mrr += meanOver(above, equal, Number.POSITIVE_INFINITY, (place) => 1 / place);
    ks.forEach((k, at) => {
      recall[at] += Math.min(1, Math.max(0, (k - above) / (equal + 1)));
      ndcg[at] += meanOver(above, equal, k, (place) => 1 / Math.log2(1 + place));
    });
  });
  return {
    positives: count,
    among: candidates / count,
    rank: rank / count,
    mrr: mrr / count,
    top: ks.map((k, at) => ({ k, recall: recall[at] / count, ndcg: ndcg[at] / count })),
  };
}

/** The mean over the equally likely ranks of what a rank gives; beyond `last` it gives nothing. */
function meanOver(above: number, equal: number, last: number, gain: (rank: number) => number): number {
  let sum = 0;
  for (let rank = above + 1; rank <= Math.min(last, above + equal + 1); rank++) {
    sum += gain(rank);
  }
  return sum / (equal + 1);
}
