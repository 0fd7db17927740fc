// What ranking returns, and how the search's positions are mapped back to the caller's own columns.

import type { Manifest } from "../../contract/manifest.ts";
import type { Named } from "../../contract/record.ts";
import { intsOf } from "../session/session.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import { historyOf } from "./fetch.ts";
import type { Plan } from "./kernel-use.ts";
import { agrees } from "./match-index.ts";
import { matchedFeature } from "./match-search.ts";
import type { UserSide } from "./prepare.ts";

/** The behaviours that one search kept for each candidate. */
export interface Kept {
  readonly search: string;
  readonly history: string;
  /** [candidates, k], or [heads, candidates, k] where each head keeps its own list. */
  readonly shape: readonly number[];
  /** Positions in the caller's own history columns, best first; −1 where fewer than k could be kept. */
  readonly positions: Int32Array;
}

/** How one table served this request. */
export interface TableUse {
  readonly table: string;
  /** `none`: no table is built; every row was projected in the request. */
  readonly state: "fresh" | "stale" | "none";
  readonly madeAt: string | null;
  /** Seconds since it was made. */
  readonly age: number | null;
  /** Behaviours found in it, not found, and those of the latter that were projected instead. */
  readonly found: number;
  readonly missed: number;
  readonly computed: number;
  /** found / (found + missed); 1 for an empty history. */
  readonly coverage: number;
}

/** The result of `rank`. What is kept by a name of the model (a label, a search) has no prototype. */
export interface Ranking {
  /** By label, float32 [candidates]: probabilities, of a regression values. */
  readonly scores: Named<Float32Array>;
  /** By label, float32 [candidates]. */
  readonly logits: Named<Float32Array>;
  /** float32 [candidates]: what the model says they are ordered by, the highest first; null where it does not say. */
  readonly score: Float32Array | null;
  /** Of the model's first search; null where it has none. */
  readonly kept: Kept | null;
  readonly searches: Named<Kept>;
  readonly tables: readonly TableUse[];
  /** Behaviours that were not found in a table, over all tables. */
  readonly misses: number;
  /** Share of behaviours found in the tables. */
  readonly coverage: number;
  /** Whether a table was made with other weights than these. */
  readonly stale: boolean;
  /** Whether the attention's keys and values were read from tables or projected in the request. */
  readonly keys: "cached" | "fresh";
  /** Whether the weights are start values: the numbers mean nothing yet. */
  readonly untrained: boolean;
  /** Candidates that are not in the generation and brought no features. */
  readonly unknownCandidates: number;
  /** Behaviours that are left out, over all histories, because they do not lie strictly before the request's time. */
  readonly late: number;
  /** User and context features that were not given. */
  readonly missing: readonly string[];
  /** Whether the selection kernel searched and attended, or graphs did; of searches by `match` an index of the behaviours stands in. */
  readonly plan: Plan;
}

/** How the tables served the user's side. */
export function tableUses(side: UserSide): TableUse[] {
  return [...side.tables.values()].map(({ table, found, missed, computed }) => {
    const built = side.freshness.find((one) => one.table === table);
    return {
      table,
      state: built === undefined ? "none" : built.state === "fresh" ? "fresh" : "stale",
      madeAt: built?.madeAt ?? null,
      age: built?.age ?? null,
      found,
      missed,
      computed,
      coverage: found + missed === 0 ? 1 : found / (found + missed),
    } satisfies TableUse;
  });
}

export type SearchSpec = Manifest["searches"][number];

/** Whether candidate n of the request may keep the behaviour at a place of the history's tensors. */
export type MayKeep = (candidate: number, place: number) => boolean;

/** Lists of one search, filled chunk by chunk. */
export class KeptLists {
  readonly #search: SearchSpec;
  readonly #heads: number | null;
  readonly #candidates: number;
  readonly #positions: Int32Array;
  /** Caller's position of each place of the history's tensors; −1 where nothing can be kept. */
  readonly #places: Int32Array;
  readonly #mayKeep: MayKeep | null;

  /** @param heads number of lists a candidate where the search is `per_head`, else null */
  constructor(
    search: SearchSpec,
    places: Int32Array,
    mayKeep: MayKeep | null,
    candidates: number,
    heads: number | null,
  ) {
    this.#search = search;
    this.#heads = heads;
    this.#candidates = candidates;
    this.#positions = new Int32Array((heads ?? 1) * candidates * search.keep).fill(-1);
    this.#places = places;
    this.#mayKeep = mayKeep;
  }

  /** Takes the search's output for candidates start … end−1. */
  add(kept: ArrayLike<number>, start: number, end: number): void {
    const k = this.#search.keep;
    for (let head = 0; head < (this.#heads ?? 1); head++) {
      const to = (head * this.#candidates + start) * k;
      const from = head * (end - start) * k;
      for (let i = 0; i < (end - start) * k; i++) {
        const place = kept[from + i];
        if (this.#mayKeep !== null && !this.#mayKeep(start + Math.floor(i / k), place)) {
          continue;
        }
        this.#positions[to + i] = this.#places[place];
      }
    }
  }

  result(): Kept {
    const { name, history, keep } = this.#search;
    const shape = this.#heads === null ? [this.#candidates, keep] : [this.#heads, this.#candidates, keep];
    return { search: name, history, shape, positions: this.#positions };
  }
}

/** Positions of one candidate's list (of one head). */
export function keptOf(kept: Kept, candidate: number, head = 0): Int32Array {
  const k = kept.shape[kept.shape.length - 1];
  const candidates = kept.shape[kept.shape.length - 2];
  const start = (head * candidates + candidate) * k;
  return kept.positions.subarray(start, start + k);
}

/** Valid behaviours, except those that a table misses under `on_miss: mask`. */
export function selectable(manifest: Manifest, search: SearchSpec, side: UserSide): Int32Array {
  const history = historyOf(side.histories, search.history);
  const places = new Int32Array(history.length).fill(-1);
  places.set(history.order);
  const rows = search.table === null ? undefined : side.tables.get(search.table);
  if (rows === undefined || manifest.tables[rows.table].on_miss !== "mask") {
    return places;
  }
  for (let i = 0; i < history.count; i++) {
    if (rows.row.data[i] === 0) {
      places[i] = -1;
    }
  }
  return places;
}

/** Under `match(feature)` only behaviours count that share a value with the candidate; null for every other search. */
export function matches(engine: Engine, search: SearchSpec, side: UserSide, candidates: Candidates): MayKeep | null {
  const feature = matchedFeature(engine.artefacts.manifest, search);
  if (feature === null) {
    return null;
  }
  const ours = intsOf(candidates.item(feature, 0, candidates.count), feature.name);
  const theirs = intsOf(historyOf(side.histories, search.history).item(feature), feature.name);
  return (candidate, place) => agrees(feature, ours, candidate, theirs, place);
}
