// Many systems on the same rows, each trained several times: figures, and which differences are beyond the draws of users and runs.
import { streams } from "../../contract/random.ts";
import { areaOf, userAucs } from "./auc.ts";
import { quantile } from "./bootstrap.ts";
import { ascending } from "./order.ts";

/** Rows of a part, in one order for all systems. */
export interface ScoredRows {
  readonly label: Uint8Array;
  /** Of each row, 0 … users − 1. */
  readonly user: Uint32Array;
  readonly users: number;
}

/** A system's scores of the rows, by run. */
export type Runs = readonly Float64Array[];

/** Of the first system less the second. */
export interface PairDifference {
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  /** The middle 95 % of the draws. */
  readonly low: number;
  readonly high: number;
  /** Two-sided: how often the draws fall on the other side of 0, twice. */
  readonly p: number;
  /** By Holm's procedure over all pairs. */
  readonly adjusted: number;
}

export interface Pairs {
  readonly auc: readonly PairDifference[];
  readonly gauc: readonly PairDifference[];
}

/** A run, ready to be drawn again. */
interface Ready {
  readonly score: Float64Array;
  readonly order: Uint32Array;
  /** AUC of each user times its rows; 0 where it has one class alone. */
  readonly byUser: Float64Array;
}

/**
 * All pairs of systems. A draw takes users with replacement, the same for all systems, and of each system as many runs as it
 * has, with replacement (a bootstrap over both factors: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007);
 * a figure is the mean of its runs. p-values are (1 + draws beyond) / (1 + draws), so that none is 0.
 */
export function comparePairs(rows: ScoredRows, systems: readonly Runs[], seed = 1, draws = 1000): Pairs {
  const { label, user, users } = rows;
  const ready = systems.map((runs) => runs.map((score) => readyOf(rows, score)));
  const weight = countedRows(rows, systems[0][0]);
  const { below } = streams.runsAndUsers(seed);
  const [aucs, gaucs] = [0, 1].map(() => systems.map(() => new Float64Array(draws)));
  const times = new Float64Array(users);
  const weights = new Float64Array(label.length);
  const figures = (runs: readonly Ready[]) => {
    const area = ({ score, order }: Ready) => areaOf({ label, score }, order, 0, order.length, weights);
    return { auc: mean(runs, area), gauc: mean(runs, ({ byUser }) => dot(times, byUser) / dot(times, weight)) };
  };
  times.fill(1);
  weights.fill(1);
  const whole = ready.map(figures);
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let i = 0; i < users; i++) {
      times[below(users)]++;
    }
    for (let row = 0; row < weights.length; row++) {
      weights[row] = times[user[row]];
    }
    ready.forEach((runs, s) => {
      const found = figures(runs.map(() => runs[below(runs.length)]));
      aucs[s][draw] = found.auc;
      gaucs[s][draw] = found.gauc;
    });
  }
  const pairs = (of: "auc" | "gauc", drawn: readonly Float64Array[]) => {
    const all = whole.flatMap((mine, i) =>
      whole.slice(i + 1).map((theirs, j) => {
        const second = i + 1 + j;
        const differences = Float64Array.from(drawn[i], (value, draw) => value - drawn[second][draw]);
        return { first: i, second, difference: mine[of] - theirs[of], ...spread(differences) };
      }),
    );
    const adjusted = holm(all.map(({ p }) => p));
    return all.map((pair, i) => ({ ...pair, adjusted: adjusted[i] }));
  };
  return { auc: pairs("auc", aucs), gauc: pairs("gauc", gaucs) };
}

/** p-values such that all that stay below a bound are wrong together with no more than its probability (Holm, 1979). */
export function holm(p: readonly number[]): number[] {
  const order = [...p.keys()].sort((a, b) => p[a] - p[b]);
  const adjusted = new Array<number>(p.length).fill(1);
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, p[i] * (p.length - rank)));
    adjusted[i] = most;
  }
  return adjusted;
}

/** Draws in which a figure has no value (nobody with both classes) do not count; where none counts, no difference is sure. */
function spread(drawn: Float64Array): Pick<PairDifference, "low" | "high" | "p"> {
  const differences = drawn.filter((value) => Number.isFinite(value)).sort();
  if (differences.length === 0) {
    return { low: Number.NaN, high: Number.NaN, p: 1 };
  }
  const above = differences.reduce((count, value) => count + Number(value >= 0), 0);
  const below = differences.reduce((count, value) => count + Number(value <= 0), 0);
  return {
    low: quantile(differences, 0.025),
    high: quantile(differences, 0.975),
    p: Math.min(1, (2 * (1 + Math.min(above, below))) / (1 + differences.length)),
  };
}

function readyOf({ label, user, users }: ScoredRows, score: Float64Array): Ready {
  const order = ascending(score);
  const each = userAucs({ label, score }, user, users, order);
  return { score, order, byUser: each.auc.map((value, u) => (Number.isNaN(value) ? 0 : value * each.rows[u])) };
}

/** Rows of each user who has both classes; of others 0. */
function countedRows({ label, user, users }: ScoredRows, score: Float64Array): Float64Array {
  const { auc: each, rows } = userAucs({ label, score }, user, users);
  return Float64Array.from(rows, (count, u) => (Number.isNaN(each[u]) ? 0 : count));
}

const mean = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((sum, one) => sum + of(one), 0) / all.length;

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
