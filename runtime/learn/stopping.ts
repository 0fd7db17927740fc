// Early stopping: whether the validation part still improves.
import { TwinError } from "../../contract/error.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import type { TaskMetrics } from "./validate.ts";

/** What a checkpoint keeps of it. */
export interface StopState {
  /** The best measure so far, null before the first; where it was taken. */
  readonly best: number | null;
  readonly bestStep: number;
  /** Evaluations since then. */
  readonly waited: number;
  /** The measure, where the rows hold drawn negatives; a best of another measure, or of none, is none to compare with. */
  readonly drawnBy?: Measure["name"] | undefined;
}

export const notYet: StopState = { best: null, bestStep: 0, waited: 0 };

export interface Measure {
  readonly name: "auc" | "gauc" | "logloss" | "rmse";
  readonly label: string;
  readonly value: number;
  /** Whether some of its rows are drawn negatives. */
  readonly drawn: boolean;
}

/**
 * What tells a better model from a worse one: the measure of `stop` (AUC without one) of the first binary task; of a model
 * of regressions alone the first one's error. Where negatives are drawn it is the logloss, which is what training lowers:
 * the order among drawn rows says how they were drawn as much as what the model knows.
 */
export function measureOf(stop: TrainSpec["stop"], metrics: readonly TaskMetrics[]): Measure {
  const binary = metrics.find(({ kind }) => kind === "binary");
  if (binary === undefined) {
    return { name: "rmse", label: metrics[0].label, value: metrics[0].rmse, drawn: false };
  }
  const drawn = binary.drawn > 0;
  const name = drawn ? "logloss" : (stop?.on ?? "auc");
  return { name, label: binary.label, value: binary[name], drawn };
}

/**
 * Whether training ends: after so many evaluations without a better one. Where the program says nothing of it, an epoch has
 * passed as well: until every sample has come once more there is no telling noise from learning by heart.
 * @param perEpoch steps
 */
export function isOver(
  stop: TrainSpec["stop"],
  { waited, bestStep }: StopState,
  step: number,
  perEpoch: number,
): boolean {
  return stop !== null && waited >= stop.after && (stop.implied !== true || step - bestStep >= perEpoch);
}

/** @throws TwinError where the measure is not defined, because nothing could be compared */
export function evaluated(state: StopState, { name, label, value, drawn }: Measure, step: number): StopState {
  if (Number.isNaN(value)) {
    throw new TwinError(
      `the ${name} of ${label} is not defined on the validation part: ${why[name]}. Give the validation part more rows (\`split\` in data.yaml), or stop on another measure`,
    );
  }
  const falls = name === "logloss" || name === "rmse";
  const drawnBy = drawn ? name : undefined;
  const best = state.drawnBy === drawnBy ? state.best : null;
  const better = best === null || (falls ? value < best : value > best);
  return better
    ? { best: value, bestStep: step, waited: 0, ...(drawn && { drawnBy }) }
    : { ...state, waited: state.waited + 1 };
}

const why: Record<Measure["name"], string> = {
  auc: "all its rows have the same label",
  gauc: "no user has rows of both labels",
  logloss: "no row of it has the label",
  rmse: "no row of it has the label",
};
