/** The runtime's public face on Node: artefacts in, ranked candidates out. It needs neither grammar nor compiler. */

export { TwinError, type TwinErrorCode } from "../contract/error.ts";
export type { Manifest } from "../contract/manifest.ts";
export type { UpsertReport } from "./build-table/index.ts";
export type { DeltaStatus } from "./delta/delta-status.ts";
export {
  asRequest,
  evaluateHitRate,
  hitRateText,
  type ScoredRows,
  type SelfTestOptions,
  type SelfTestReport,
  score,
  selfTest,
  selfTestText,
} from "./evaluate/served.ts";
export type { HitRate, RankedRequest } from "./hit-rate/index.ts";
export {
  type CandidateColumns,
  type ExplainedAttend,
  type ExplainedBehaviour,
  type ExplainedStat,
  type Explanation,
  explanationText,
  type HeadShare,
  type HistoryColumns,
  type InlineItems,
  type JsonRequest,
  type Kept,
  keptOf,
  type Plan,
  type PlanStatus,
  type PrepareRequest,
  parseRequest,
  type Ranking,
  type RankRequest,
  type TableUse,
  type WantedPlan,
} from "./request/index.ts";
export { type LoadOptions, load, type Verify } from "./serve/index.ts";
export { type Freshness, parseDuration } from "./table/freshness.ts";
export type { CacheStatus } from "./table/layers.ts";
export type { CallOptions } from "./threads/wanted.ts";
export type {
  ModelTypes,
  Prepared,
  RefreshStatus,
  ReleaseStatus,
  RequestsStatus,
  TablesStatus,
  Twin,
  Typed,
  TypedAttend,
  TypedExplanation,
  TypedPrepared,
  TypedRanking,
  WeightsStatus,
} from "./twin/index.ts";
export { type UpsertRequest, upsert } from "./upsert.ts";
