/** The core of learning, free of any host: batches of encoded samples, the step and its state, scoring, measures. */
export { type Assembled, Assembler, buffersOf } from "./assemble.ts";
export { batchHistory, type HistoryColumns } from "./batch-history.ts";
export type { Calibrated } from "./calibrate.ts";
export { type CheckpointMeta, checkpointMeta, writeCheckpoint, writeWeights } from "./checkpoint.ts";
export { contractDifferences, contractFingerprint } from "./contract.ts";
export type { Batch, BatchHistory, Dataset, ItemFeatures, Part } from "./dataset.ts";
export { encodeLog, type RawLog } from "./encode-log.ts";
export { type Exchange, exchanged } from "./exchange.ts";
export { BatchSource, type Feeder, localFeeder } from "./feeder.ts";
export { type OpenKernel, type OpenTrainGraph, TrainGraphs } from "./graphs.ts";
export { MemoryDataset } from "./memory-dataset.ts";
export type { MetricsLine } from "./metrics-line.ts";
export { Steps, shuffle } from "./order.ts";
export { type Past, pastOf, sameCodes } from "./pasts.ts";
export { readersOf, type TrainPlan, trainPlan } from "./plan.ts";
export { checkedCheckpoint, type Identity, type OpenCheckpoint, stateOf } from "./resume.ts";
export { train } from "./run.ts";
export { MemoryPlace, type RunPlace } from "./run-place.ts";
export type { Evaluation, TrainOptions, TrainProgress, TrainReport } from "./run-report.ts";
export {
  frozenColumn,
  overColumn,
  popularityFeatures,
  type SamplePopularity,
  samplePopularity,
} from "./sample-popularity.ts";
export { SampleStats, statsOf } from "./sample-stats.ts";
export { type ScoredBatch, Scorer, type SearchedRows, scorePart } from "./score.ts";
export { type Drawn, ofSomeUsers, type UserCount, type UserDraw } from "./some-users.ts";
export { type ReadParameter, TrainState } from "./state.ts";
export { Stepper } from "./step.ts";
export { isOver } from "./stopping.ts";
export { storedFeature } from "./stored-feature.ts";
export { conditionOf, type TaskMetrics, validate } from "./validate.ts";
