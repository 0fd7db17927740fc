// What a run says of itself at an interval of steps.
import type { Calibrated } from "./calibrate.ts";
import { rateOf } from "./feeds.ts";
import type { TrainPlan } from "./plan.ts";
import { measureOf } from "./stopping.ts";
import type { TaskMetrics } from "./validate.ts";

export interface MetricsLine {
  readonly step: number;
  /** From 0, with its fraction. */
  readonly epoch: number;
  /** Samples learned from so far. */
  readonly samples: number;
  /** Of training so far, all sittings together. */
  readonly seconds: number;
  /** Mean loss of the steps since the line before; null in the line of a run that only evaluates. */
  readonly loss: number | null;
  /** Learning rate of the dense parameters. */
  readonly rate: number;
  readonly samples_per_second: number;
  /** Of the task that decides; `null` where a measure is not defined. */
  readonly validation?: Readonly<Record<string, number | string | null>>;
  /** The measure, such as `logloss of click`, by which the weights of this step are the best so far, and kept; absent: they are not. */
  readonly kept?: string;
  /** What was fitted to this evaluation's rows. */
  readonly calibrated?: readonly Calibrated[];
  /** Of every task, where there are several. */
  readonly tasks?: readonly Readonly<Record<string, number | string | null>>[];
}

/** Where a run stands when it writes a line. */
export interface Interval extends Pick<MetricsLine, "step" | "epoch" | "samples" | "seconds" | "loss"> {
  readonly samplesPerSecond: number;
}

/**
 * @param tasks of an evaluation at this step; none: there was none
 * @param kept whether the weights of this step are kept for it
 */
export function lineOf(
  plan: TrainPlan,
  now: Interval,
  tasks: readonly TaskMetrics[],
  { kept = false, calibrated = [] }: { readonly kept?: boolean; readonly calibrated?: readonly Calibrated[] } = {},
): MetricsLine {
  const { step, epoch, samples, seconds, loss, samplesPerSecond } = now;
  const measure = tasks.length === 0 ? undefined : measureOf(plan.spec.stop, tasks);
  const main = tasks.find(({ label }) => label === measure?.label);
  return {
    step,
    epoch,
    samples,
    seconds,
    loss,
    rate: rateOf(plan, "dense", Math.max(1, step)),
    samples_per_second: samplesPerSecond,
    ...(main !== undefined && { validation: taskRow(main) }),
    ...(kept && measure !== undefined && { kept: `${measure.name} of ${measure.label}` }),
    ...(calibrated.length > 0 && { calibrated }),
    ...(tasks.length > 1 && { tasks: tasks.map(taskRow) }),
  };
}

const rounded = (value: number): number | null => (Number.isFinite(value) ? value : null);

function taskRow({ label, kind, rows, drawn, auc, gauc, logloss, rmse }: TaskMetrics) {
  return kind === "binary"
    ? {
        label,
        rows,
        ...(drawn > 0 && { drawn }),
        auc: rounded(auc),
        gauc: rounded(gauc),
        logloss: rounded(logloss),
      }
    : { label, rows, rmse: rounded(rmse) };
}
