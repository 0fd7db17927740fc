// What a loaded folder says of itself: its tables, its weights, its requests.

import type { DeltaStatus } from "../delta/delta-status.ts";
import type { PlanStatus } from "../request/index.ts";
import type { Freshness } from "../table/freshness.ts";
import type { CacheStatus } from "../table/layers.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import type { CallQueue } from "../threads/queue.ts";

export interface WeightsStatus {
  /** By the hash of each block; by `sha256`, whole, in a build of format 1; by their `sizes` alone where asked for. */
  readonly by: "blocks" | "sha256" | "sizes";
  /** While it is `checking` no answer leaves. */
  readonly state: "checking" | "sound" | "damaged" | "unchecked";
  /** What is wrong where it is damaged; else empty. */
  readonly because: string;
}

export interface RequestsStatus {
  /** Requests that wait, and how many may. */
  readonly waiting: number;
  readonly queue: number;
  /** Requests that run. */
  readonly running: number;
  /** Worker threads that are alive; 0 where requests run in the thread that loaded. */
  readonly workers: number;
}

export interface ReleaseStatus {
  /** The release that answers; null: the folder itself, whose first one could not be opened so far. */
  readonly number: number | null;
  /** The one that the folder's pointer names, where that is another one: it is being opened, or could not be. */
  readonly next: number | null;
  /** Why that could not be opened so far; else empty. */
  readonly because: string;
}

/** How it stands who makes the releases of a folder (`twin table refresh`). Times are ISO 8601, UTC. */
export interface RefreshStatus {
  /** The process, and whether it runs; null where its file does not tell. */
  readonly owner: { readonly pid: number; readonly state: "running" | "ended" | "elsewhere" } | null;
  /** Seconds from the beginning of a cycle to that of the next; null: there is one. */
  readonly every: number | null;
  /** What it does now; null: it waits, or has ended. */
  readonly doing: "look" | "graphs" | "tables" | "publish" | "release" | null;
  /** When the next cycle begins; null: none follows. */
  readonly next: string | null;
  /** The last cycle, and what was new or why it failed. */
  readonly last: {
    readonly begun: string;
    readonly ended: string;
    readonly outcome: "released" | "nothing new" | "failed" | "stopped";
    readonly because: string;
  } | null;
  /** Cycles that failed since one did not. */
  readonly failures: number;
  /** When a cycle last left the newest in service. */
  readonly succeeded: string | null;
}

export interface TablesStatus {
  /** Number of the generation in use; null where none is built. */
  readonly generation: number | null;
  readonly tables: readonly Freshness[];
  /** Whether the weights were checked, and how. */
  readonly weights: WeightsStatus;
  readonly requests: RequestsStatus;
  readonly plan: PlanStatus;
  /** Of a folder that is served by releases; null: it is read as it lies. */
  readonly release: ReleaseStatus | null;
  /** Of a folder that `twin table refresh` keeps new; null: nobody has. */
  readonly refresh: RefreshStatus | null;
  /** Rows kept in memory in front of stores that lie elsewhere; null where none was asked for. */
  readonly cache: CacheStatus | null;
  /** Items put in and taken out since the generation was built; null where none can be: no tables of the folder are in use. */
  readonly deltas: DeltaStatus | null;
}

export function statusOf(
  generation: Pick<OpenGeneration, "number" | "freshness"> | null,
  weights: WeightsStatus,
  { waiting, working, limit }: Pick<CallQueue<unknown, unknown>, "waiting" | "working" | "limit">,
  workers: number,
  plan: PlanStatus,
  cache: CacheStatus | null = null,
  deltas: DeltaStatus | null = null,
): TablesStatus {
  return {
    generation: generation?.number ?? null,
    tables: generation?.freshness(Date.now() / 1000) ?? [],
    weights,
    requests: { waiting, queue: limit, running: working, workers },
    plan,
    release: null,
    refresh: null,
    cache,
    deltas,
  };
}
