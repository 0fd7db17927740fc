// Paired bootstrap over users: how sure the difference of two means over users is.
import { streams } from "../../contract/random.ts";
import type { UserAucs } from "./auc.ts";
import type { Difference } from "./delong.ts";
import { lossOf } from "./logloss.ts";
import type { Column } from "./order.ts";

/** A ratio of sums over users, for two systems: Σ ours / Σ weight and Σ theirs / Σ weight. */
export interface UserSums {
  readonly ours: Float64Array;
  readonly theirs: Float64Array;
  readonly weight: Float64Array;
}

/** GAUC of both: users without both classes are left out. */
export function gaucSums(ours: UserAucs, theirs: UserAucs): UserSums {
  const users: number[] = [];
  for (let u = 0; u < ours.auc.length; u++) {
    if (!Number.isNaN(ours.auc[u])) {
      users.push(u);
    }
  }
  return {
    ours: Float64Array.from(users, (u) => ours.auc[u] * ours.rows[u]),
    theirs: Float64Array.from(users, (u) => theirs.auc[u] * theirs.rows[u]),
    weight: Float64Array.from(users, (u) => ours.rows[u]),
  };
}

/** Logloss of both. */
export function loglossSums(
  label: Uint8Array,
  ours: Column,
  theirs: Column,
  user: Uint32Array,
  users: number,
): UserSums {
  const sums = {
    ours: new Float64Array(users),
    theirs: new Float64Array(users),
    weight: new Float64Array(users),
  };
  for (let i = 0; i < label.length; i++) {
    sums.ours[user[i]] += lossOf(ours[i], label[i]);
    sums.theirs[user[i]] += lossOf(theirs[i], label[i]);
    sums.weight[user[i]]++;
  }
  return sums;
}

/**
 * Users are drawn with replacement, the same for both systems; the interval holds the middle 95 % of the differences
 * (percentile bootstrap, Efron & Tibshirani 1993). Equal seeds give equal numbers on every machine.
 */
export function bootstrap(sums: UserSums, seed: number, draws = 1000): Difference {
  const users: number[] = [];
  for (let u = 0; u < sums.weight.length; u++) {
    if (sums.weight[u] > 0) {
      users.push(u);
    }
  }
  const { below } = streams.bootstrap(seed, users.length);
  const differences = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    let [gap, weight] = [0, 0];
    for (let i = 0; i < users.length; i++) {
      const u = users[below(users.length)];
      gap += sums.ours[u] - sums.theirs[u];
      weight += sums.weight[u];
    }
    differences[draw] = gap / weight;
  }
  differences.sort();
  const total = (column: Float64Array) => column.reduce((sum, value) => sum + value, 0);
  const weight = total(sums.weight);
  const [ours, theirs] = [total(sums.ours) / weight, total(sums.theirs) / weight];
  return {
    ours,
    theirs,
    difference: ours - theirs,
    low: quantile(differences, 0.025),
    high: quantile(differences, 0.975),
  };
}

/** The q-quantile of ascending values, between two of them in proportion. */
export function quantile(values: Float64Array, q: number): number {
  const place = q * (values.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  return values[low] + (place - low) * (values[high] - values[low]);
}
