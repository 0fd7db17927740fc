/** The runtime's public face in a page: a build folder in, ranked candidates out. */

export { TwinError, type TwinErrorCode } from "../../contract/error.ts";
export type { Manifest } from "../../contract/manifest.ts";
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
  type PrepareRequest,
  parseRequest,
  type Ranking,
  type RankRequest,
  type TableUse,
} from "../request/index.ts";
export type { WebProvider } from "../session/ort-web.ts";
export { type Freshness, parseDuration } from "../table/freshness.ts";
export type { CallOptions } from "../threads/wanted.ts";
export type {
  ModelTypes,
  Prepared,
  RequestsStatus,
  TablesStatus,
  Twin,
  Typed,
  TypedAttend,
  TypedExplanation,
  TypedPrepared,
  TypedRanking,
  WeightsStatus,
} from "../twin/index.ts";
export { load } from "./load.ts";
export type { WebLoadOptions, WebProgress } from "./options.ts";
export type { WebTwin } from "./page-twin.ts";
export type { PageWorker } from "./realm.ts";
export type { GraphCheck, ProviderStatus, WebStatus } from "./status.ts";
export type { FolderSource, PickedFile } from "./web-folder.ts";
