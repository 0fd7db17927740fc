/** The core of a request, free of any host: encode → fetch → prepare → rank → explain, over sessions and tables as interfaces. */
export { Vocabulary } from "../encode/vocabulary.ts";
export { type HeadRule, select } from "../kernel/index.ts";
export { Sessions } from "../session/session.ts";
export type { LiveTables, OpenGeneration, OpenTable } from "../table/live-tables.ts";
export type { HitMask, Piece, ReadOptions, RowKeys, TableStore } from "../table/table-store.ts";
export type { OutsideTables, RequestArtefacts } from "./artefacts.ts";
export { Candidates } from "./candidates.ts";
export { type Engine, rankGraphs, route, tablesOf } from "./engine.ts";
export {
  type ExplainedAttend,
  type ExplainedBehaviour,
  type Explanation,
  explainCandidates,
  explanationText,
  type HeadShare,
  when,
} from "./explain.ts";
export type { ExplainedStat } from "./explain-stats.ts";
export { feeds, type KeptTensors } from "./feeds.ts";
export { fetchItems, fetchSide, fetchSideRows } from "./fetch.ts";
export { crossFeatures, HistorySide } from "./history.ts";
export { runKernel } from "./kernel-rank.ts";
export { KernelSide, operandsOf, rowsOf } from "./kernel-side.ts";
export {
  historiesOf,
  KernelUse,
  longInPage,
  type Plan,
  type PlanStatus,
  plans,
  type WantedPlan,
} from "./kernel-use.ts";
export { MatchSearch } from "./match-search.ts";
export { fetchOutside, OutsideRows, type OutsideUse, rowTensor } from "./outside.ts";
export { prepareSide, rankingGraphs, type UserSide } from "./prepare.ts";
export { chunkSize, headsOf, rankCandidates, runChunk, runSearch } from "./rank.ts";
export { type Kept, keptOf, type Ranking, type SearchSpec, selectable, type TableUse } from "./ranking.ts";
export {
  type CandidateColumns,
  type HistoryColumns,
  historyColumns,
  type InlineItems,
  type PrepareRequest,
  type RankRequest,
} from "./request.ts";
export { type JsonRequest, parseRequest } from "./request-json.ts";
export { SideStats, statsTaken } from "./stats.ts";
export { rowsOfTables } from "./table-rows.ts";
export { runGraph, Variants } from "./variants.ts";
