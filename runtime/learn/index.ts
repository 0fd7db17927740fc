/** The core of learning, free of any host: batches of encoded samples, the step and its state, scoring, measures. */
export { type Assembled, Assembler } from "./assemble.ts";
export { type CheckpointMeta, checkpointMeta, writeCheckpoint, writeWeights } from "./checkpoint.ts";
export type { Batch, Dataset, Part } from "./dataset.ts";
export { BatchSource, type Feeder, localFeeder } from "./feeder.ts";
export { type OpenTrainGraph, TrainGraphs } from "./graphs.ts";
export type { MetricsLine } from "./metrics-line.ts";
export { epochOrder, Steps } from "./order.ts";
export { type TrainPlan, trainPlan } from "./plan.ts";
export { type ScoredBatch, Scorer, type SearchedRows, scorePart } from "./score.ts";
export { type ReadParameter, TrainState } from "./state.ts";
export { Stepper } from "./step.ts";
export { type TaskMetrics, validate } from "./validate.ts";
