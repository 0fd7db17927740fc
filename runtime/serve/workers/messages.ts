// What the pool and its worker threads say to each other; how it crosses is the affair of runtime/threads.

import type { PrepareRequest, RankRequest } from "../../request/index.ts";
import type { SharedGeneration } from "../../store/index.ts";
import type { CacheStatus } from "../../table/layers.ts";
import type { RankResult } from "../../twin/index.ts";
import type { LoadOptions } from "../twin.ts";

/** What a worker starts with. */
export interface WorkerStart {
  readonly dir: string;
  readonly options: LoadOptions;
  readonly tables: SharedGeneration | null;
  /** Which weights the pool checks. */
  readonly weights: string | null;
  /** Threads that share this machine's cores. */
  readonly workers: number;
}

/** One request. */
export type RankRequestJob =
  | { readonly kind: "prepare"; readonly prepared: number; readonly request: PrepareRequest }
  | {
      readonly kind: "rank" | "explain";
      readonly prepared: number;
      readonly request: PrepareRequest;
      readonly candidates: RankRequest;
    };

/** One thing to do. `request` stays behind where the worker should hold the user's side. */
export type RankJob =
  | RankRequestJob
  | {
      readonly kind: "rank" | "explain";
      readonly prepared: number;
      readonly request: null;
      readonly candidates: RankRequest;
    }
  | { readonly kind: "tables"; readonly tables: SharedGeneration | null };

export interface RankAnswer {
  readonly result: RankResult;
  readonly warnings: readonly string[];
  /** Of the thread's caches, as of now. */
  readonly cache: CacheStatus | null;
}

/** What a worker says when it is open: its warnings. */
export type RankReady = readonly string[];
