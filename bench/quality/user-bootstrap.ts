// Figures of two systems on the same rows, and how sure their difference is: users are drawn with replacement, the same for
// both, and a figure is the mean of its seeds.
import { streams } from "../../contract/random.ts";
import { areaOf, auc, gauc, userAucs } from "../../runtime/metrics/auc.ts";
import { quantile } from "../../runtime/metrics/bootstrap.ts";
import type { Difference } from "../../runtime/metrics/delong.ts";
import { ascending } from "../../runtime/metrics/order.ts";

/** Rows of a part, in one order for all systems. */
export interface ScoredRows {
  readonly label: Uint8Array;
  /** Of each row, 0 … users − 1. */
  readonly user: Uint32Array;
  readonly users: number;
}

export interface Compared {
  readonly auc: Difference;
  readonly gauc: Difference;
}

/** A seed's figures, ready to be drawn again. */
interface Seed {
  readonly score: Float64Array;
  readonly order: Uint32Array;
  /** AUC of each user times its rows; 0 where it has one class alone. */
  readonly byUser: Float64Array;
}

/**
 * Intervals hold the middle 95 % of the differences ours − theirs.
 * @param ours scores of the rows by seed; `theirs` alike
 */
export function compareByUser(
  rows: ScoredRows,
  ours: readonly Float64Array[],
  theirs: readonly Float64Array[],
  seed = 1,
  draws = 1000,
): Compared {
  const { label, user, users } = rows;
  const [mine, others] = [ours, theirs].map((all) => all.map((score) => seedOf(rows, score)));
  const weight = countedRows(rows, mine[0].score);
  const { below } = streams.bootstrap(seed, users);
  const times = new Float64Array(users);
  const weights = new Float64Array(label.length);
  const mean = (seeds: readonly Seed[], of: (one: Seed) => number) =>
    seeds.reduce((sum, one) => sum + of(one), 0) / seeds.length;
  const area = ({ score, order }: Seed) => areaOf({ label, score }, order, 0, order.length, weights);
  const within = ({ byUser }: Seed) => {
    let [sum, total] = [0, 0];
    for (let u = 0; u < users; u++) {
      sum += times[u] * byUser[u];
      total += times[u] * weight[u];
    }
    return sum / total;
  };
  const [aucs, gaucs] = [new Float64Array(draws), new Float64Array(draws)];
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let i = 0; i < users; i++) {
      times[below(users)]++;
    }
    for (let row = 0; row < weights.length; row++) {
      weights[row] = times[user[row]];
    }
    aucs[draw] = mean(mine, area) - mean(others, area);
    gaucs[draw] = mean(mine, within) - mean(others, within);
  }
  const whole = (of: (score: Float64Array) => number, differences: Float64Array): Difference => {
    const [first, second] = [mine, others].map((seeds) => mean(seeds, ({ score }) => of(score)));
    differences.sort();
    return {
      ours: first,
      theirs: second,
      difference: first - second,
      low: quantile(differences, 0.025),
      high: quantile(differences, 0.975),
    };
  };
  return {
    auc: whole((score) => auc({ label, score }), aucs),
    gauc: whole((score) => gauc(userAucs({ label, score }, user, users)).gauc, gaucs),
  };
}

function seedOf({ label, user, users }: ScoredRows, score: Float64Array): Seed {
  const order = ascending(score);
  const each = userAucs({ label, score }, user, users, order);
  return { score, order, byUser: each.auc.map((value, u) => (Number.isNaN(value) ? 0 : value * each.rows[u])) };
}

/** Rows of each user who has both classes; of others 0. */
function countedRows({ label, user, users }: ScoredRows, score: Float64Array): Float64Array {
  const { auc: each, rows } = userAucs({ label, score }, user, users);
  return Float64Array.from(rows, (count, u) => (Number.isNaN(each[u]) ? 0 : count));
}
