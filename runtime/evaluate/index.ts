// What a build is worth: evaluation, hit rates, scores of rows, comparison with itself and with what it was built from.
export { type BatchOptions, type BatchScoring, openBatchScoring } from "./batch-rows.ts";
export { type EnsembleReport, evaluateEnsemble } from "./ensemble.ts";
export { ensembleText } from "./ensemble-text.ts";
export { type EvaluateOptions, type EvaluationReport, evaluate } from "./evaluate.ts";
export { evaluationText } from "./report-text.ts";
export { scoreColumns } from "./score-columns.ts";
export * from "./served.ts";
export { writeScores } from "./write-scores.ts";
