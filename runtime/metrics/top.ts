// NDCG@k and recall@k of each request's candidates, expected over the orders that equal scores leave open.
import type { Ranked } from "./auc.ts";
import { ascending, grouped } from "./order.ts";

export interface TopMetrics {
  readonly k: number;
  /** Means over the requests that count. */
  readonly ndcg: number;
  readonly recall: number;
}

export interface RequestMetrics {
  /** Requests with at least two candidates, one of them positive: these count. */
  readonly requests: number;
  /** Requests of one candidate, and of several without a positive: what they say of an order is nothing. */
  readonly single: number;
  readonly without: number;
  readonly top: readonly TopMetrics[];
}

/**
 * NDCG@k = Σ_{r < k} y_r / log2(r + 2) over the same with the positives first (Järvelin & Kekäläinen 2002, gain = label).
 * recall@k = positives among the first k / positives. Rows of one score share the places that they take: each place counts
 * with the mean label of the tie, the expected value over all its orders (McSherry & Najork, ECIR 2008).
 * @param request of each row, 0 … requests−1 @param ks ascending or not
 */
export function topMetrics(
  rows: Ranked,
  request: Uint32Array,
  requests: number,
  ks: readonly number[],
  ascent = ascending(rows.score),
): RequestMetrics {
  const { order, starts } = grouped(ascent, request, requests);
  const widest = Math.max(0, ...ks);
  const discounts = Float64Array.from({ length: widest }, (_, rank) => 1 / Math.log2(rank + 2));
  const ndcg = new Float64Array(ks.length);
  const recall = new Float64Array(ks.length);
  let [counted, single, without] = [0, 0, 0];
  for (let r = 0; r < requests; r++) {
    const [from, to] = [starts[r], starts[r + 1]];
    if (to - from < 2) {
      single += to - from;
      continue;
    }
    const gains = expectedGains(rows, order, from, to, widest);
    if (gains.positives === 0) {
      without++;
      continue;
    }
    counted++;
    for (let i = 0; i < ks.length; i++) {
      let [sum, ideal, found] = [0, 0, 0];
      for (let rank = 0; rank < Math.min(ks[i], to - from); rank++) {
        sum += gains.at[rank] * discounts[rank];
        found += gains.at[rank];
        if (rank < gains.positives) {
          ideal += discounts[rank];
        }
      }
      ndcg[i] += sum / ideal;
      recall[i] += found / gains.positives;
    }
  }
  const top = ks.map((k, i) => ({ k, ndcg: ndcg[i] / counted, recall: recall[i] / counted }));
  return { requests: counted, single, without, top };
}

/** The expected label at each of the first `most` places, best score first. */
function expectedGains(
  { label, score }: Ranked,
  order: Uint32Array,
  from: number,
  to: number,
  most: number,
): { at: Float64Array; positives: number } {
  const at = new Float64Array(Math.min(most, to - from));
  let positives = 0;
  for (let end = to; end > from; ) {
    let [start, tied] = [end, 0];
    while (start > from && score[order[start - 1]] === score[order[end - 1]]) {
      tied += label[order[--start]];
    }
    at.fill(tied / (end - start), Math.min(at.length, to - end), Math.min(at.length, to - start));
    positives += tied;
    end = start;
  }
  return { at, positives };
}
