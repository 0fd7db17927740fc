/** A loaded folder, whatever loaded it: its face, requests in one thread, what crosses to a thread that ranks; free of any host. */
export { hold, type RankResult, receivedExplanations, receivedRanking, sentExplanations } from "./crossing.ts";
export { expectKnown, planOption, wholeOption } from "./load-options.ts";
export { Requests } from "./requests.ts";
export {
  type RefreshStatus,
  type ReleaseStatus,
  type RequestsStatus,
  statusOf,
  type TablesStatus,
  type WeightsStatus,
} from "./status.ts";
export type { Prepared, Twin } from "./twin.ts";
export type { ModelTypes, Typed, TypedAttend, TypedExplanation, TypedPrepared, TypedRanking } from "./typed.ts";
export { UnderWay } from "./under-way.ts";
