// What serves a request: artefacts, sessions and the tables in use; and which graphs a request runs.

import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { tablesRead } from "../../contract/ports.ts";
import type { Sessions } from "../session/session.ts";
import type { LiveTables } from "../table/live-tables.ts";
import type { RequestArtefacts } from "./artefacts.ts";
import type { KernelUse } from "./kernel-use.ts";
import type { Variants } from "./variants.ts";

export interface Engine {
  readonly artefacts: RequestArtefacts;
  readonly sessions: Sessions;
  readonly tables: LiveTables;
  readonly variants: Variants;
  readonly kernel: KernelUse;
  /** Whether whole tables may be an input as they lie in memory: on the CPU, in memory of this thread alone. */
  readonly wholeTables: boolean;
  /** Bytes that the scores of one run may take: sets how many candidates are ranked at once. */
  readonly scoreBytes: number;
}

/** The graphs of one request: either `request` alone, or `search` (where there is one) and then `rank`. */
export interface Route {
  readonly request: GraphName | null;
  readonly search: GraphName | null;
  readonly rank: GraphName;
  readonly explain: GraphName | null;
}

/**
 * @param fresh keys and values of the attention are projected in the request, because a table is stale
 */
export function route({ graphs }: Manifest, fresh: boolean): Route {
  const pick = (cached: GraphName, projected: GraphName): GraphName | null => {
    if (fresh && graphs[projected] !== undefined) {
      return projected;
    }
    return graphs[cached] === undefined ? null : cached;
  };
  return {
    request: pick("request", "request_fresh"),
    search: graphs.search === undefined ? null : "search",
    rank: pick("rank", "rank_fresh") ?? "rank",
    explain: pick("explain", "explain_fresh"),
  };
}

/** The graphs that rank by a route: one for all, or two; the second also where nothing need be searched. */
export function rankGraphs({ request, search, rank }: Route): (GraphName | null)[] {
  return [request ?? search, rank];
}

/** The tables that the graphs of a route read. */
export function tablesOf(manifest: Manifest, { request, search, rank, explain }: Route): string[] {
  const read = new Set<string>();
  for (const graph of [request, search, rank, explain]) {
    if (graph === null) {
      continue;
    }
    for (const table of tablesRead(manifest, graph)) {
      read.add(table);
    }
  }
  return [...read];
}
