// From collected rows to figures: every metric of every label, over all rows and over segments.
import { auc, gauc, userAucs } from "../metrics/auc.ts";
import { type Calibration, calibration, promised } from "../metrics/calibration.ts";
import { logitOf, logloss } from "../metrics/logloss.ts";
import { ascending } from "../metrics/order.ts";
import { type RegressionErrors, regressionErrors } from "../metrics/regression.ts";
import { type RequestMetrics, topMetrics } from "../metrics/top.ts";
import { oddsOf, type TaskCalibration } from "./calibrations.ts";
import { type Collected, isDrawn, renumbered, type Task } from "./rows.ts";
import { rowsWhere, segmentsOf, taken } from "./segments.ts";

/** Numbers that cannot be had (a class is missing, no row counts) are NaN, and null in JSON. */
export interface BinaryFigures {
  readonly kind: "binary";
  readonly label: string;
  /** Rows that have the label, those of them that are positive, and rows without it. */
  readonly rows: number;
  readonly positives: number;
  readonly missing: number;
  /** Those of the rows that are drawn negatives. Where there are any, all figures are of logits with the offset of the draws. */
  readonly drawn: number;
  readonly auc: number;
  readonly gauc: number;
  /** Users in GAUC, and users with one class alone, who are not. */
  readonly users: number;
  readonly skippedUsers: number;
  readonly logloss: number;
  /** Logloss of a model that says the share of positives for every row. */
  readonly baseRateLogloss: number;
  /** The same with the data's weights; null where all rows weigh the same. */
  readonly weighted: { readonly auc: number; readonly logloss: number; readonly ratio: number } | null;
  readonly calibration: Calibration;
  /** What the figures of probabilities were without the calibration; absent where the label has none. */
  readonly calibrated?: Uncalibrated;
  /** Null where no request has two candidates and a positive, and where the candidates are drawn: then `ranks` tells. */
  readonly requests: RequestMetrics | null;
  readonly segments: readonly BinarySegment[];
}

export interface Uncalibrated {
  readonly by: TaskCalibration["kind"];
  readonly logloss: number;
  readonly ratio: number;
  readonly ece: number;
}

export interface BinarySegment {
  readonly by: string;
  readonly name: string;
  readonly rows: number;
  readonly positives: number;
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
  /** Σ predicted / Σ positives */
  readonly ratio: number;
}

export interface RegressionFigures {
  readonly kind: "regression";
  readonly label: string;
  readonly rows: number;
  readonly missing: number;
  readonly errors: RegressionErrors;
  readonly weighted: RegressionErrors | null;
  readonly segments: readonly { by: string; name: string; rows: number; errors: RegressionErrors }[];
}

export type Figures = BinaryFigures | RegressionFigures;

export interface FigureOptions {
  /** Of NDCG@k and recall@k. */
  readonly ks: readonly number[];
  /** Ends of the ranges of history length; null: terciles. */
  readonly historyEdges: readonly number[] | null;
}

/** Columns of one binary label over the rows that have it. */
export interface BinaryColumns {
  readonly rows: Uint32Array;
  readonly label: Uint8Array;
  readonly score: Float32Array;
  /** Log-odds of the probability that is given out: other than `score` where the label is calibrated. */
  readonly odds: Float32Array;
  readonly user: Uint32Array;
  readonly weight: Float64Array | null;
}

/** The rows in which a task counts. */
export function rowsOf(all: Collected, task: Task): Uint32Array {
  const label = all.labels[task.name];
  if (label === undefined) {
    return new Uint32Array(0);
  }
  const condition = task.where === null ? null : all.labels[task.where];
  return rowsWhere(all.rows, (i) => !Number.isNaN(label[i]) && (condition === null || condition?.[i] === 1));
}

export function binaryColumns(all: Collected, task: Task, rows: Uint32Array): BinaryColumns {
  return {
    rows,
    label: Uint8Array.from(taken(all.labels[task.name], rows)),
    score: taken(judged(all, task), rows),
    odds: taken(promisedOdds(all, task), rows),
    user: taken(all.user, rows),
    weight: all.weight === null ? null : taken(all.weight, rows),
  };
}

/**
 * Of a binary label the logits that its rows are judged by: with the offset that the loss adds where negatives are drawn, as
 * the logit says nothing of the drawn sample without it. Of a regression the values.
 */
export const judged = (all: Collected, task: Task): Float32Array => behindOffset(all, task, all.predictions[task.name]);

/** The same of the probability that is given out, which is what a loss and a calibration judge. */
export const promisedOdds = (all: Collected, task: Task): Float32Array =>
  behindOffset(all, task, oddsOf(task.calibration, all.predictions[task.name]));

const behindOffset = ({ prepared }: Collected, { kind }: Task, values: Float32Array): Float32Array =>
  kind === "regression" || prepared === null ? values : values.map((one, i) => one + prepared.offset[i]);

/** The figures of each label that the data has. */
export function figuresOf(all: Collected, tasks: readonly Task[], options: FigureOptions): Figures[] {
  return tasks
    .filter(({ name }) => Object.hasOwn(all.labels, name))
    .map((task) =>
      task.kind === "binary" ? binaryFigures(all, task, options) : regressionFigures(all, task, options),
    );
}

function binaryFigures(all: Collected, task: Task, { ks, historyEdges }: FigureOptions): BinaryFigures {
  const columns = binaryColumns(all, task, rowsOf(all, task));
  const { rows, label, score, odds, user, weight } = columns;
  const order = ascending(score);
  const users = gauc(userAucs(columns, user, all.users, order));
  const positives = label.reduce((sum, one) => sum + one, 0);
  const base = new Float32Array(rows.length).fill(logitOf(positives / rows.length));
  const drawn = rows.reduce((count, row) => count + Number(isDrawn(all, row)), 0);
  const requests = renumbered(Float64Array.from(taken(all.request, rows)));
  const top = drawn > 0 ? null : topMetrics(columns, requests.number, requests.count, ks, order);
  return {
    kind: "binary",
    label: task.name,
    rows: rows.length,
    positives,
    missing: all.rows - rows.length,
    drawn,
    auc: auc(columns, null, order),
    gauc: users.gauc,
    users: users.users,
    skippedUsers: users.skipped,
    logloss: logloss(odds, label),
    baseRateLogloss: logloss(base, label),
    weighted:
      weight === null
        ? null
        : {
            auc: auc(columns, weight, order),
            logloss: logloss(odds, label, weight),
            ratio: promised(odds, label, weight),
          },
    calibration: task.calibration === null ? calibration(score, label, null, 10, order) : calibration(odds, label),
    ...(task.calibration !== null && { calibrated: uncorrected(task.calibration, score, label, order) }),
    requests: top === null || top.requests === 0 ? null : top,
    segments: segmentsOf(within(all, rows), historyEdges).map((segment) => {
      const own = binaryColumns(all, task, taken(rows, segment.rows));
      const ascent = ascending(own.score);
      return {
        by: segment.by,
        name: segment.name,
        rows: own.rows.length,
        positives: own.label.reduce((sum, one) => sum + one, 0),
        auc: auc(own, null, ascent),
        gauc: gauc(userAucs(own, own.user, all.users, ascent)).gauc,
        logloss: logloss(own.odds, own.label),
        ratio: promised(own.odds, own.label),
      };
    }),
  };
}

function uncorrected(
  { kind }: TaskCalibration,
  score: Float32Array,
  label: Uint8Array,
  order: Uint32Array,
): Uncalibrated {
  const { ratio, ece } = calibration(score, label, null, 10, order);
  return { by: kind, logloss: logloss(score, label), ratio, ece };
}

function regressionFigures(all: Collected, task: Task, { historyEdges }: FigureOptions): RegressionFigures {
  const rows = rowsOf(all, task);
  const errors = (some: Uint32Array, weight: Float64Array | null = null) =>
    regressionErrors(taken(all.predictions[task.name], some), taken(all.labels[task.name], some), weight);
  return {
    kind: "regression",
    label: task.name,
    rows: rows.length,
    missing: all.rows - rows.length,
    errors: errors(rows),
    weighted: all.weight === null ? null : errors(rows, taken(all.weight, rows)),
    segments: segmentsOf(within(all, rows), historyEdges).map(({ by, name, rows: own }) => ({
      by,
      name,
      rows: own.length,
      errors: errors(taken(rows, own)),
    })),
  };
}

/** What segments are made of, of some rows. */
function within(all: Collected, rows: Uint32Array): Collected {
  return {
    ...all,
    rows: rows.length,
    user: taken(all.user, rows),
    historyLength: taken(all.historyLength, rows),
    newItem: all.newItem === null ? null : taken(all.newItem, rows),
  };
}
