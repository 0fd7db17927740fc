/** The runtime's public face on Node: artefacts in, ranked candidates out. It needs neither grammar nor compiler. */

export { TwinError, type TwinErrorCode } from "../contract/error.ts";
export type { Manifest } from "../contract/manifest.ts";
export { evaluateHitRate, hitRateText } from "./evaluate/hit-rate.ts";
export { asRequest, type ScoredRows, score } from "./evaluate/score.ts";
export { type SelfTestOptions, type SelfTestReport, selfTest, selfTestText } from "./evaluate/self-test.ts";
export type { HitRate, RankedRequest } from "./hit-rate/index.ts";
export {
  type ExplainedAttend,
  type ExplainedBehaviour,
  type Explanation,
  explanationText,
  type HeadShare,
} from "./request/explain.ts";
export { type Kept, keptOf, type Ranking, type TableUse } from "./request/ranking.ts";
export type { CandidateColumns, HistoryColumns, InlineItems, PrepareRequest, RankRequest } from "./request/request.ts";
export { type JsonRequest, parseRequest } from "./request/request-json.ts";
export { load } from "./serve/load.ts";
export type { LoadOptions } from "./serve/twin.ts";
export type { Verify } from "./serve/weights-check.ts";
export { type Freshness, parseDuration } from "./table/freshness.ts";
export type { CallOptions } from "./threads/wanted.ts";
export type { RequestsStatus, TablesStatus, WeightsStatus } from "./twin/status.ts";
export type { Prepared, Twin } from "./twin/twin.ts";
