// What measures lose from one scoring of the same rows to others, with intervals over users.
import { streams } from "../../contract/random.ts";
import { auc, gauc, userAucs } from "./auc.ts";
import { quantile } from "./bootstrap.ts";
import { lossOf } from "./logloss.ts";
import { ascending, type Column } from "./order.ts";

/** A loss, so that more is worse for the model; its interval holds 95 %. */
export interface Fall {
  readonly fall: number;
  readonly low: number;
  readonly high: number;
}

/** A measure of all rows, and of each drawn sample of users. */
interface Drawn {
  readonly all: number;
  readonly draws: Float64Array;
}

/** How often each of the users is in each sample: users are drawn with replacement, as many as there are. */
export function userDraws(seed: number, users: number, draws: number): Uint16Array[] {
  const { below } = streams.bootstrap(seed, users);
  return Array.from({ length: draws }, () => {
    const times = new Uint16Array(users);
    for (let i = 0; i < users; i++) {
      times[below(users)]++;
    }
    return times;
  });
}

/** Rows of a label. */
export interface JudgedRows {
  /** 1 or 0; of a regression the value. */
  readonly label: Column;
  /** 0 … users−1 */
  readonly user: Uint32Array;
  readonly users: number;
}

export interface BinaryMeasures {
  readonly auc: Drawn;
  readonly gauc: Drawn;
  readonly logloss: Drawn;
}

/** @param logit of each row @param odds of the probability that is given out, which the loss is of @param draws of `userDraws` */
export function binaryMeasures(
  { label, user, users }: JudgedRows,
  logit: Column,
  odds: Column,
  draws: readonly Uint16Array[],
) {
  const rows = { label: Uint8Array.from(label), score: logit };
  const order = ascending(logit);
  const each = userAucs(rows, user, users, order);
  const weight = new Float64Array(rows.label.length);
  const total = gauc(each).gauc;
  const losses = Float64Array.from(odds, (z, i) => lossOf(z, rows.label[i]));
  return {
    auc: {
      all: auc(rows, null, order),
      draws: Float64Array.from(draws, (times) => {
        for (let i = 0; i < weight.length; i++) {
          weight[i] = times[user[i]];
        }
        return auc(rows, weight, order);
      }),
    },
    gauc: {
      all: total,
      draws: Float64Array.from(draws, (times) => {
        let [sum, count] = [0, 0];
        for (let u = 0; u < users; u++) {
          if (!Number.isNaN(each.auc[u])) {
            sum += times[u] * each.rows[u] * each.auc[u];
            count += times[u] * each.rows[u];
          }
        }
        return sum / count;
      }),
    },
    logloss: meanOf(losses, user, users, draws),
  } satisfies BinaryMeasures;
}

/** Mean squared error. */
export const squaredMeasures = (
  { label, user, users }: JudgedRows,
  value: Column,
  draws: readonly Uint16Array[],
): Drawn =>
  meanOf(
    Float64Array.from(value, (one, i) => (one - label[i]) ** 2),
    user,
    users,
    draws,
  );

function meanOf(values: Float64Array, user: Uint32Array, users: number, draws: readonly Uint16Array[]): Drawn {
  const [sums, counts] = [new Float64Array(users), new Float64Array(users)];
  values.forEach((value, i) => {
    sums[user[i]] += value;
    counts[user[i]]++;
  });
  const mean = (times: ArrayLike<number> | null): number => {
    let [sum, count] = [0, 0];
    for (let u = 0; u < users; u++) {
      const share = times === null ? 1 : times[u];
      sum += share * sums[u];
      count += share * counts[u];
    }
    return sum / count;
  };
  return { all: mean(null), draws: Float64Array.from(draws, (times) => mean(times)) };
}

/**
 * What is lost on the average of the others, and the middle 95 % of that over the samples of users (percentile bootstrap,
 * Efron & Tibshirani 1993): base and others are of the same users in each. Samples in which it is not defined are left out.
 * @param rises whether more of the measure is worse, as of a loss
 */
export function fallOf(base: Drawn, others: readonly Drawn[], rises: boolean): Fall {
  const sign = rises ? -1 : 1;
  const lost = (before: number, after: (other: Drawn) => number): number =>
    sign * (before - others.reduce((sum, other) => sum + after(other), 0) / others.length);
  const falls = base.draws
    .map((before, draw) => lost(before, ({ draws }) => draws[draw]))
    .filter((fall) => !Number.isNaN(fall))
    .sort();
  const ends = falls.length === 0 ? [Number.NaN, Number.NaN] : [quantile(falls, 0.025), quantile(falls, 0.975)];
  return { fall: lost(base.all, ({ all }) => all), low: ends[0], high: ends[1] };
}
