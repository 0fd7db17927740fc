/** Training on this machine: runs from their folders. */

export { hasCheckpoint, openCheckpoint } from "./checkpoint.ts";
export { openEarlierRun } from "./earlier-run.ts";
export {
  type Ensemble,
  ensembleFile,
  expectAlike,
  isEnsemble,
  membersOf,
  readEnsemble,
  writeEnsemble,
} from "./ensemble.ts";
export { type DatasetPlace, threadFeeder } from "./feeder.ts";
export { folderGraphs } from "./graphs.ts";
export { readMetrics } from "./metrics-log.ts";
export { readNumbers, readVectors } from "./numbers.ts";
export { chartLibrary } from "./page/chart-library.ts";
export { clientScript, pageStyle } from "./page/client.ts";
export { chartScripts, htmlPage, text as htmlText } from "./page/html.ts";
export { defaultThreads, performRun, type RunOptions, readRunManifest } from "./run.ts";
export { cacheOf, isOwnCache, recordedCache } from "./run-cache.ts";
export { damageOf, expectListed, listRunFiles, runManifestFile } from "./run-files.ts";
export { createRun, expectFolder, type RunFile, type RunRecord, readRun, updateRun } from "./run-folder.ts";
export { newestWeights, type RunWeights } from "./run-weights.ts";
export { verifyRun } from "./verify-run.ts";
export { readVocabularies } from "./vocabularies.ts";
export { type WarmStartReport, warmStart, warmStartText } from "./warm-start.ts";
