// Area under the ROC curve: over all rows, weighted, and averaged over users (GAUC).
import { ascending, type Column, grouped } from "./order.ts";

/** Rows of a binary task. */
export interface Ranked {
  /** 1 or 0. */
  readonly label: Uint8Array;
  /** Higher is likelier; any increasing function of the probability. */
  readonly score: Column;
}

/**
 * The share of pairs of a positive and a negative in which the positive has the higher score; an equal score counts half
 * (Mann-Whitney U / (P·N)). With weights, of the products of the pairs' weights. NaN where a class is missing.
 * @param order the rows ascending in score, where it is known
 */
export function auc(rows: Ranked, weight: Column | null = null, order = ascending(rows.score)): number {
  return areaOf(rows, order, 0, order.length, weight);
}

/** The same over rows `order[from … to − 1]`, which ascend in score. */
export function areaOf(
  { label, score }: Ranked,
  order: Uint32Array,
  from: number,
  to: number,
  weight: Column | null = null,
): number {
  let [positives, negatives, won] = [0, 0, 0];
  for (let i = from; i < to; ) {
    const value = score[order[i]];
    let [positive, negative] = [0, 0];
    for (; i < to && score[order[i]] === value; i++) {
      const row = order[i];
      const share = weight === null ? 1 : weight[row];
      if (label[row] === 1) {
        positive += share;
      } else {
        negative += share;
      }
    }
    won += positive * (negatives + negative / 2);
    positives += positive;
    negatives += negative;
  }
  return won / (positives * negatives);
}

export interface UserAucs {
  /** AUC of each user's rows; NaN where a class is missing. */
  readonly auc: Float64Array;
  /** Rows of each user. */
  readonly rows: Uint32Array;
}

/** @param user of each row, 0 … users−1 */
export function userAucs(rows: Ranked, user: Uint32Array, users: number, ascent = ascending(rows.score)): UserAucs {
  const { order, starts } = grouped(ascent, user, users);
  const each = new Float64Array(users);
  const counts = new Uint32Array(users);
  for (let u = 0; u < users; u++) {
    each[u] = areaOf(rows, order, starts[u], starts[u + 1]);
    counts[u] = starts[u + 1] - starts[u];
  }
  return { auc: each, rows: counts };
}

export interface Gauc {
  /** Σ rows of u · AUC of u / Σ rows of u, over users with both classes; NaN where there is none. */
  readonly gauc: number;
  /** Users that count, and those with one class alone. */
  readonly users: number;
  readonly skipped: number;
  /** Rows of the users that count. */
  readonly rows: number;
}

/** GAUC: the mean of the users' AUC, weighted by their rows (DIN, KDD 2018, eq. 7; TWIN, KDD 2023). */
export function gauc({ auc: each, rows }: UserAucs): Gauc {
  let [sum, total, users, skipped] = [0, 0, 0, 0];
  for (let u = 0; u < each.length; u++) {
    if (Number.isNaN(each[u])) {
      if (rows[u] > 0) {
        skipped++;
      }
      continue;
    }
    users++;
    total += rows[u];
    sum += rows[u] * each[u];
  }
  return { gauc: sum / total, users, skipped, rows: total };
}
