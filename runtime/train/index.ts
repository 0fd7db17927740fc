/** Training and batch scoring: runs from their folders, and the pieces that evaluation and benchmarks use. */

export {
  type Assembled,
  Assembler,
  type Feeder,
  localFeeder,
  type MetricsLine,
  type ReadParameter,
  type ScoredBatch,
  Scorer,
  type SearchedRows,
  Stepper,
  scorePart,
  type TaskMetrics,
  type TrainPlan,
  TrainState,
  trainPlan,
  validate,
} from "../learn/index.ts";
export { hasCheckpoint, openCheckpoint } from "./checkpoint.ts";
export { contractDifferences, contractFingerprint } from "./contract.ts";
export { openEarlierRun } from "./earlier-run.ts";
export { type DatasetPlace, threadFeeder } from "./feeder.ts";
export { folderGraphs } from "./graphs.ts";
export { readMetrics } from "./metrics-log.ts";
export { readNumbers } from "./numbers.ts";
export { defaultThreads, performRun, type RunOptions, readRunManifest } from "./run.ts";
export { cacheOf, isOwnCache, recordedCache } from "./run-cache.ts";
export { damageOf, expectListed, listRunFiles, runManifestFile } from "./run-files.ts";
export { createRun, expectFolder, type RunFile, type RunRecord, readRun, updateRun } from "./run-folder.ts";
export { type Evaluation, type TrainProgress, type TrainReport, train } from "./train.ts";
export { verifyRun } from "./verify-run.ts";
export { readVocabularies } from "./vocabularies.ts";
export { type WarmStartReport, warmStart, warmStartText } from "./warm-start.ts";
