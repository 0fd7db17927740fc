/** The core of a request, free of any host: encode → fetch → prepare → rank → explain, over sessions and tables as interfaces. */
export { Vocabulary } from "../encode/vocabulary.ts";
export { Sessions } from "../session/session.ts";
export type { LiveTables, OpenGeneration, OpenTable } from "../table/live-tables.ts";
export type { HitMask, Piece, ReadOptions, RowKeys, TableStore } from "../table/table-store.ts";
export type { OutsideTables, RequestArtefacts } from "./artefacts.ts";
export { type Engine, route, tablesOf } from "./engine.ts";
export { type Explanation, explainCandidates, explanationText } from "./explain.ts";
export { prepareSide, type UserSide } from "./prepare.ts";
export { rankCandidates } from "./rank.ts";
export type { Ranking } from "./ranking.ts";
export type { PrepareRequest, RankRequest } from "./request.ts";
export { parseRequest } from "./request-json.ts";
export { Variants } from "./variants.ts";
