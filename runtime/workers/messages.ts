// What the pool and its worker threads say to each other.
import type { Explanation } from "../explain.ts";
import type { Ranking } from "../ranking.ts";
import type { PrepareRequest, RankRequest } from "../request.ts";
import type { SharedGeneration } from "../tables.ts";
import type { LoadOptions } from "../twin.ts";

/** How many users' sides a worker keeps at hand; the pool counts along, so that both drop the same ones. */
export const HELD = 64;

/** What a worker starts with. */
export interface WorkerStart {
  readonly dir: string;
  readonly options: LoadOptions;
  readonly tables: SharedGeneration | null;
}

/** One thing to do. `request` comes along where the worker does not hold the user's side. */
export type Job =
  | { readonly kind: "prepare"; readonly prepared: number; readonly request: PrepareRequest }
  | {
      readonly kind: "rank" | "explain";
      readonly prepared: number;
      readonly request: PrepareRequest | null;
      readonly candidates: RankRequest;
    }
  | { readonly kind: "tables"; readonly tables: SharedGeneration | null }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "ready"; readonly warnings: readonly string[] }
  | { readonly kind: "done"; readonly result: Ranking | Explanation[] | null; readonly warnings: readonly string[] }
  | { readonly kind: "failed"; readonly message: string; readonly ours: boolean };

/** Users' sides in the order in which they came; the oldest is dropped when there are more than `HELD`. */
export function hold<T>(held: Map<number, T>, prepared: number, value: T): void {
  held.delete(prepared);
  held.set(prepared, value);
  if (held.size > HELD) held.delete(held.keys().next().value!);
}
