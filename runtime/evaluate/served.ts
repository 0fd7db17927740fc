// The face of what is asked of a served build alone, without a data set and so without DuckDB: a server may load it.
export { evaluateHitRate, hitRateText } from "./hit-rate.ts";
export { asRequest, type ScoredRows, score } from "./score.ts";
export { type SelfTestOptions, type SelfTestReport, selfTest, selfTestText } from "./self-test.ts";
