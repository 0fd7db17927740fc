// A loaded folder of a model whose names are known to the type checker: what `twin types` writes, put to use.
import type { ExplainedAttend, Explanation, Kept, PrepareRequest, Ranking, RankRequest } from "../request/index.ts";
import type { CallOptions } from "../threads/wanted.ts";
import type { Prepared, Twin } from "./twin.ts";

/** The names and columns of one model: what `twin types DIR` writes as `Model`. */
export interface ModelTypes {
  readonly prepare: PrepareRequest;
  readonly rank: RankRequest;
  /** Kind by label. */
  readonly labels: object;
  /** History by search. */
  readonly searches: object;
  /** The model's first search; null where it has none. */
  readonly kept: string | null;
  /** What each attend that is explained reads: a search or a history. */
  readonly attends: object;
  readonly tables: string;
  /** User and context features. */
  readonly missing: string;
}

/** A loaded folder (`Twin`, `WebTwin`) as one of this model. */
export type Typed<T extends Twin, M extends ModelTypes> = Omit<T, "prepare"> & {
  /** As `Twin.prepare`. */
  prepare(request: M["prepare"], options?: CallOptions): Promise<TypedPrepared<M>>;
};

/** A user's side of a request, as `Prepared`. */
export interface TypedPrepared<M extends ModelTypes> extends Omit<Prepared, "rank" | "explain"> {
  /** As `Prepared.rank`. */
  rank(request: M["rank"], options?: CallOptions): Promise<TypedRanking<M>>;
  /** As `Prepared.explain`. */
  explain(request: M["rank"], options?: CallOptions): Promise<TypedExplanation<M>[]>;
}

type ByLabel<M extends ModelTypes, V> = { readonly [L in keyof M["labels"]]: V };

type KeptBy<M extends ModelTypes, S extends keyof M["searches"]> = Omit<Kept, "search" | "history"> & {
  readonly search: S & string;
  readonly history: M["searches"][S] & string;
};

export type TypedRanking<M extends ModelTypes> = Omit<
  Ranking,
  "scores" | "logits" | "kept" | "searches" | "tables" | "missing"
> & {
  /** By label, float32 [candidates]: probabilities, of a regression values. */
  readonly scores: ByLabel<M, Float32Array>;
  /** By label, float32 [candidates]. */
  readonly logits: ByLabel<M, Float32Array>;
  /** Of the model's first search; null where it has none. */
  readonly kept: M["kept"] extends keyof M["searches"] ? KeptBy<M, M["kept"]> : null;
  readonly searches: { readonly [S in keyof M["searches"]]: KeptBy<M, S> };
  readonly tables: readonly (Ranking["tables"][number] & { readonly table: M["tables"] })[];
  /** User and context features that were not given. */
  readonly missing: readonly M["missing"][];
};

/** One attend's part, told from the others' by `attend`. */
export type TypedAttend<M extends ModelTypes> = {
  [A in keyof M["attends"]]: Omit<ExplainedAttend, "attend" | "over"> & {
    readonly attend: A & string;
    readonly over: M["attends"][A] & string;
  };
}[keyof M["attends"]];

export type TypedExplanation<M extends ModelTypes> = Omit<Explanation, "scores" | "logits" | "attends"> & {
  /** By label. */
  readonly scores: ByLabel<M, number>;
  readonly logits: ByLabel<M, number>;
  readonly attends: readonly TypedAttend<M>[];
};
