// What a build is worth: evaluation, hit rates, scores of rows, comparison with itself and with what it was built from.
export { type BatchOptions, type BatchScoring, openBatchScoring } from "./batch-rows.ts";
export { judgedAlike } from "./comparison.ts";
export { type EnsembleReport, evaluateEnsemble } from "./ensemble.ts";
export { ensembleText } from "./ensemble-text.ts";
export { type EvaluateOptions, type EvaluationReport, evaluate, hitRates } from "./evaluate.ts";
export { exportRows } from "./export-rows.ts";
export { readPredictions } from "./predictions.ts";
export { type BinaryFigures, binaryColumns, figuresOf, rowsOf } from "./report.ts";
export { evaluationText } from "./report-text.ts";
export { buildRows, type RunRows, runRows } from "./run-rows.ts";
export { scoreColumns } from "./score-columns.ts";
export * from "./served.ts";
export { writeScores } from "./write-scores.ts";
