/** Training and batch scoring: runs from their folders, and the pieces that evaluation and benchmarks use. */

export { type Assembled, Assembler } from "./assemble.ts";
export { hasCheckpoint, openCheckpoint } from "./checkpoint.ts";
export { contractDifferences, contractFingerprint } from "./contract.ts";
export { openEarlierRun } from "./earlier-run.ts";
export { type DatasetPlace, type Feeder, localFeeder, threadFeeder } from "./feeder.ts";
export { TrainGraphs } from "./graphs.ts";
export { type MetricsLine, readMetrics } from "./metrics-log.ts";
export { type TrainPlan, trainPlan } from "./plan.ts";
export { defaultThreads, performRun, type RunOptions, readRunManifest } from "./run.ts";
export { damageOf, expectListed, listRunFiles, runManifestFile } from "./run-files.ts";
export { createRun, expectFolder, type RunFile, type RunRecord, readRun, updateRun } from "./run-folder.ts";
export { type ScoredBatch, Scorer, type SearchedRows, scorePart } from "./score.ts";
export { type ReadParameter, TrainState } from "./state.ts";
export { Stepper } from "./step.ts";
export { type Evaluation, type TrainProgress, type TrainReport, train } from "./train.ts";
export { type TaskMetrics, validate } from "./validate.ts";
export { readVocabularies } from "./vocabularies.ts";
export { type WarmStartReport, warmStart, warmStartText } from "./warm-start.ts";
