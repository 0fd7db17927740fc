// What a run is given, what it says on its way, and what it says at its end.
import type { Hasher } from "../../contract/hash.ts";
import type { Calibrated } from "./calibrate.ts";
import type { CheckpointMeta } from "./checkpoint.ts";
import type { Feeder } from "./feeder.ts";
import type { TrainGraphs } from "./graphs.ts";
import type { TrainPlan } from "./plan.ts";
import type { RunPlace } from "./run-place.ts";
import type { TrainState } from "./state.ts";
import type { StopState } from "./stopping.ts";
import type { TaskMetrics } from "./validate.ts";

export interface TrainOptions {
  /** Where it keeps what it makes. */
  readonly place: RunPlace;
  readonly model: string;
  readonly plan: TrainPlan;
  readonly state: TrainState;
  /** Parameters that were learned before the run: they begin as the state has them. */
  readonly learned?: ReadonlySet<string>;
  readonly graphs: TrainGraphs;
  readonly feeder: Feeder;
  /** For the checksums of what is written. */
  readonly hasher: Hasher;
  readonly seed: number;
  /** Steps of the whole run; null: the model's epochs. */
  readonly steps: number | null;
  /** Steps between evaluations; null: once an epoch, and at least four times. */
  readonly evaluateEvery: number | null;
  /** Steps between checkpoints; null: by time. */
  readonly checkpointEvery: number | null;
  readonly checkpointSeconds?: number;
  /** The checkpoint that the state was restored from. */
  readonly from: Pick<CheckpointMeta, "step" | "stop" | "evaluated"> | null;
  /** Fingerprint of features and contract. */
  readonly spec: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly onEvaluation?: (evaluation: Evaluation) => void;
}

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly samplesPerSecond: number;
  /** Seconds; null where nothing can be said yet. */
  readonly left: number | null;
  /** Mean over the last steps. */
  readonly loss: number;
  /** The last evaluation's measure that decides. */
  readonly validation: { readonly name: string; readonly value: number } | null;
  readonly finished: boolean;
}

export interface Evaluation {
  readonly step: number;
  readonly tasks: readonly TaskMetrics[];
  /** Best so far by the measure that decides. */
  readonly improved: boolean;
  /** What the user should know of it; null: nothing. */
  readonly warning: string | null;
}

export interface TrainReport {
  readonly step: number;
  readonly steps: number;
  readonly end: "all steps" | "no improvement";
  /** Step of the weights that were written. */
  readonly weights: number;
  /** The measure that they are the best by, such as `logloss of click`; null: they are those of the last step. */
  readonly keptBy: string | null;
  readonly best: StopState;
  readonly last: readonly TaskMetrics[];
  /** The labels whose probability the weights that were written correct, or were to. */
  readonly calibrated: readonly Calibrated[];
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Milliseconds a step: inside each graph, waiting for batches, and the rest of the host. */
  readonly perStep: Readonly<Record<string, number>>;
}
