/** The runtime's public face on Node: artefacts in, ranked candidates out. It needs neither grammar nor compiler. */

export { TwinError } from "./error.ts";
export { evaluateHitRate, type HitRate, hitRateText, type RankedRequest } from "./evaluate/hit-rate.ts";
export { type SelfTestOptions, type SelfTestReport, selfTest, selfTestText } from "./evaluate/self-test.ts";
export {
  type ExplainedAttend,
  type ExplainedBehaviour,
  type Explanation,
  explanationText,
  type HeadShare,
} from "./explain.ts";
export { type Freshness, parseDuration } from "./freshness.ts";
export { load } from "./load.ts";
export type { Manifest } from "./manifest.ts";
export { type Kept, keptOf, type Ranking, type TableUse } from "./ranking.ts";
export type { CandidateColumns, HistoryColumns, InlineItems, PrepareRequest, RankRequest } from "./request.ts";
export { type JsonRequest, parseRequest } from "./request-json.ts";
export { asRequest, type ScoredRows, score } from "./score.ts";
export type { LoadOptions, Prepared, TablesStatus, Twin } from "./twin.ts";
export type { Verify, WeightsStatus } from "./weights-check.ts";
