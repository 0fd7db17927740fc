// A comparison's results as data: rows of systems, differences of all pairs, and what is not the same in their files.
import { TwinError } from "../../contract/error.ts";
import type { Drawn } from "../../runtime/learn/index.ts";
import { auc, gauc, userAucs } from "../../runtime/metrics/auc.ts";
import { logloss } from "../../runtime/metrics/logloss.ts";
import { comparePairs, type PairDifference, type ScoredRows } from "../../runtime/metrics/many-systems.ts";
import { type AlikeAt, alikeOf } from "./alike.ts";
import type { Figure, Outcome, OutcomeRows } from "./outcome.ts";
import type { Screening } from "./screening.ts";
import type { Served } from "./served.ts";
import type { SearchPrice } from "./stages.ts";

/** A system as it was run. */
export interface Measured {
  readonly name: string;
  readonly file: string;
  /** What is not as in the first file, the interest block apart. */
  readonly differs: readonly string[];
  readonly trials: readonly Tried[];
  /** Number of the trial whose settings were taken. */
  readonly chosen: number;
  readonly runs: readonly { readonly outcome: Outcome; readonly rows: OutcomeRows }[];
  readonly served: Served | null;
  /** Of the first run; null: no search has an oracle. */
  readonly price: SearchPrice | null;
}

export interface Tried {
  readonly number: number;
  readonly changes: readonly string[];
  /** Users that it trained on; null: all. */
  readonly users: Drawn | null;
  /** On the validation part. */
  readonly validation: Figure;
}

/** A row of the table. */
export interface SystemRow {
  readonly name: string;
  /** `model`: trained here; `ensemble`: the mean logit of a model's runs; `predictions`: of a file. */
  readonly kind: "model" | "ensemble" | "predictions";
  readonly seeds: number;
  readonly auc: Spread;
  readonly gauc: Spread;
  readonly logloss: Spread;
  readonly samplesPerSecond: number | null;
  readonly seconds: number | null;
  readonly trials: readonly Tried[];
  readonly chosen: readonly string[];
  readonly differs: readonly string[];
  readonly served: Served | null;
  /** Of the first run: what the oracle's selection would add to AUC and GAUC; null: no search has an oracle. */
  readonly price: SearchPrice | null;
  /** Mean of the runs. */
  readonly byHistory: Outcome["byHistory"];
  /** Of the first run. */
  readonly curve: Outcome["curve"];
  /** Whether it is ahead of every other row that is no ensemble, beyond the draws. */
  readonly ahead: { readonly auc: boolean; readonly gauc: boolean };
}

export interface Spread {
  readonly mean: number;
  /** Standard deviation of the runs; null of one. */
  readonly deviation: number | null;
}

export interface ComparisonReport {
  readonly data: string;
  readonly label: string;
  readonly part: "test";
  readonly rows: number;
  readonly users: number;
  readonly by: keyof Figure;
  /** Who has all seeds, and why; null: everybody. */
  readonly screening: Screening | null;
  readonly systems: readonly SystemRow[];
  /** Models held against each other at equal samples and equal time; null: there is one model alone. */
  readonly alike: AlikeAt | null;
  readonly pairs: { readonly auc: readonly PairDifference[]; readonly gauc: readonly PairDifference[] };
}

/** Below this a difference is taken for one. */
export const level = 0.05;

/** Another system's logits of the same rows. */
export interface OtherSystem {
  readonly name: string;
  /** Runs behind it; default 1. */
  readonly seeds?: number;
  readonly score: Float64Array;
}

export function reportOf(
  about: Pick<ComparisonReport, "data" | "label" | "by" | "screening">,
  measured: readonly Measured[],
  others: readonly OtherSystem[],
  seed: number,
): ComparisonReport {
  const [{ rows: first }] = measured[0].runs;
  for (const { name, runs } of measured) {
    for (const { rows } of runs) {
      expectSame(first, rows, name);
    }
  }
  const rows = scoredRows(first);
  const models = measured.map((one) => rowOf(one));
  const ensembles = measured.flatMap(({ name, runs }) =>
    runs.length < 2 ? [] : [{ name: `${name}, mean of ${runs.length}`, seeds: runs.length, score: meanOf(runs) }],
  );
  const alone =
    (kind: SystemRow["kind"]) =>
    ({ name, seeds = 1, score }: OtherSystem): SystemRow => ({
      name,
      kind,
      seeds,
      ...spreads([figuresOf(rows, score)]),
      ...none,
    });
  const scored = [
    ...measured.map(({ runs }) => runs.map((one) => Float64Array.from(one.rows.score))),
    ...others.map(({ score }) => [score]),
  ];
  const systems = [...models, ...others.map(alone("predictions"))];
  const pairs = comparePairs(rows, scored, seed);
  const marked = systems.map((row, i) => ({
    ...row,
    ahead: { auc: isAhead(pairs.auc, i), gauc: isAhead(pairs.gauc, i) },
  }));
  return {
    ...about,
    part: "test",
    rows: rows.label.length,
    users: rows.users,
    alike: alikeOf(measured.map(({ runs }) => runs.map(({ outcome }) => outcome))),
    systems: [...marked, ...ensembles.map(alone("ensemble"))],
    pairs,
  };
}

const none = {
  samplesPerSecond: null,
  seconds: null,
  trials: [],
  chosen: [],
  differs: [],
  served: null,
  price: null,
  byHistory: [],
  curve: [],
  ahead: { auc: false, gauc: false },
} as const;

/** Ahead of all it is held against, and there are some. */
function isAhead(pairs: readonly PairDifference[], i: number): boolean {
  const own = pairs.filter(({ first, second }) => first === i || second === i);
  return (
    own.length > 0 &&
    own.every(({ first, difference, adjusted }) => adjusted < level && (first === i ? difference : -difference) > 0)
  );
}

function rowOf({ name, differs, trials, chosen, runs, served, price }: Measured): SystemRow {
  const outcomes = runs.map(({ outcome }) => outcome);
  const mean = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, one) => sum + of(one), 0) / outcomes.length;
  return {
    name,
    kind: "model",
    seeds: runs.length,
    ...spreads(outcomes),
    samplesPerSecond: mean(({ samplesPerSecond }) => samplesPerSecond),
    seconds: mean(({ seconds }) => seconds),
    trials,
    chosen: trials.find(({ number }) => number === chosen)?.changes ?? [],
    differs,
    served,
    price,
    curve: outcomes[0].curve,
    byHistory: outcomes[0].byHistory.map((part, i) => ({
      name: part.name,
      rows: part.rows,
      auc: mean(({ byHistory }) => byHistory[i].auc),
      gauc: mean(({ byHistory }) => byHistory[i].gauc),
      logloss: mean(({ byHistory }) => byHistory[i].logloss),
    })),
    ahead: { auc: false, gauc: false },
  };
}

function spreads(all: readonly Figure[]): Record<keyof Figure, Spread> {
  const spread = (name: keyof Figure): Spread => {
    const mean = all.reduce((sum, one) => sum + one[name], 0) / all.length;
    const squares = all.reduce((sum, one) => sum + (one[name] - mean) ** 2, 0);
    return { mean, deviation: all.length < 2 ? null : Math.sqrt(squares / (all.length - 1)) };
  };
  return { auc: spread("auc"), gauc: spread("gauc"), logloss: spread("logloss") };
}

function figuresOf({ label, user, users }: ScoredRows, score: Float64Array): Figure {
  return {
    auc: auc({ label, score }),
    gauc: gauc(userAucs({ label, score }, user, users)).gauc,
    logloss: logloss(score, label),
  };
}

/** Mean logit of the runs. */
const meanOf = (runs: Measured["runs"]): Float64Array =>
  Float64Array.from(runs[0].rows.score, (_, i) => runs.reduce((sum, { rows }) => sum + rows.score[i], 0) / runs.length);

function scoredRows({ label, user }: OutcomeRows): ScoredRows {
  return {
    label: Uint8Array.from(label),
    user: Uint32Array.from(user),
    users: user.reduce((most, one) => Math.max(most, one + 1), 0),
  };
}

/** @throws TwinError where two systems were not judged on the same rows */
function expectSame(first: OutcomeRows, other: OutcomeRows, name: string): void {
  const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]);
  if (!same(first.row, other.row) || !same(first.label, other.label) || !same(first.user, other.user)) {
    throw new TwinError(
      `${name} has other rows with that label than the first model: their labels need the same \`where\`, and the data the same negatives`,
    );
  }
}
