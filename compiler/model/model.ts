// The checked model: what a `.twin` file means. No optional "filled in later" fields, references instead of names.

import type { CalibrationKind } from "../../contract/calibration.ts";
import type { Encoder } from "../../contract/encoder-spec.ts";
import type { Span } from "../../grammar/ast.ts";
import type { By } from "./by.ts";

export interface Model {
  readonly name: string;
  readonly doc: string;
  readonly item: Group;
  readonly user: Group;
  readonly context: Group;
  readonly candidate: Group;
  /** What is declared among the features of `item` and changes with time: how popular its values are. */
  readonly popularity: Group;
  readonly histories: readonly History[];
  readonly metrics: readonly Metric[];
  readonly searches: readonly Search[];
  readonly attends: readonly Attend[];
  readonly towers: readonly Tower[];
  /** What candidates are ordered by; null: nothing says so. */
  readonly score: Score | null;
  readonly tables: readonly Table[];
  readonly train: Train;
  /** Every source that took part, entry first: the text that `weights` and errors refer to. */
  readonly span: Span;
}

export type GroupName = "item" | "user" | "context" | "candidate" | "cross" | "stats";

/** A named set of features. A section that the file does not have is a group without features. */
export interface Group {
  readonly kind: GroupName;
  /** `item`, `user`, `context`, `candidate`, the history's name for its cross features, `HISTORY.stats` for its statistics. */
  readonly prefix: string;
  readonly doc: string;
  readonly features: readonly Feature[];
  /** The feature that identifies the item (always there for `item`) or the user (optional). */
  readonly key: Feature | null;
}

export interface Feature {
  readonly group: GroupName;
  readonly name: string;
  /** `item.video_id`, `watched.ago`: unique in the model; stem of parameter names. */
  readonly qualified: string;
  readonly doc: string;
  /** Earlier name, for old weights and data. */
  readonly formerly: string | null;
  readonly encoder: Encoder;
  /** How tags are pooled; `sum` for all other kinds, where it means nothing. */
  readonly pool: "sum" | "mean";
  /** The table that the encoded rows are read from; null for `number`, `key`, and `pretrained`. */
  readonly embedding: Embedding | null;
  /** The matrix [size, dim] that projects a `pretrained` vector; null where it is taken as it is. */
  readonly projection: { readonly parameter: string; readonly dim: number } | null;
  /** Columns that the feature brings to its group's concatenation; 0 for `key`. */
  readonly width: number;
  /** Share of the ids masked to row 0 while training. */
  readonly unknown: number;
  readonly span: Span;
}

/** An embedding table [rows, dim]; features that share it hold the same object. */
export interface Embedding {
  /** `item.video_id.table` */
  readonly parameter: string;
  readonly rows: number;
  readonly dim: number;
}

export interface History {
  readonly name: string;
  readonly doc: string;
  readonly of: "item";
  /** The newest `max` behaviours count. */
  readonly max: number;
  readonly cross: Group;
  /** What is counted of the behaviours beside a candidate. */
  readonly stats: Group;
  /** With it the cross features hold `size`, how many behaviours each cluster has. */
  readonly cluster: { readonly on: Feature; readonly within: Feature | null; readonly size: number } | null;
  readonly span: Span;
}

/** Multi-head target attention's score (TWIN, KDD 2023, eq. 3–5). */
export interface Metric {
  readonly name: string;
  readonly doc: string;
  readonly history: History;
  /** Features of the candidate that make the query: all inherent ones, or the named ones. */
  readonly query: readonly Feature[];
  /** Features of the context and the user that join the query; no key has their like. */
  readonly asked: readonly Feature[];
  /** Features of the behaviour's item that make the keys: the same as `query`. */
  readonly keys: readonly Feature[];
  /** Cross features that are projected with the item's, unsplit: no table can hold such keys. Mostly none. */
  readonly crossKeys: readonly Feature[];
  /** Cross features that add one number per head. */
  readonly bias: readonly Feature[];
  /** Features of the item that add one number per head where candidate and behaviour agree in them. */
  readonly match: readonly Feature[];
  /** Adds ln n of a clustered history. */
  readonly logSize: boolean;
  readonly heads: number;
  /** Width per head. */
  readonly dim: number;
  readonly embeddings: { readonly kind: "shared" } | { readonly kind: "own"; readonly dim: number };
  readonly span: Span;
}

/** The cheap stage (CP-GSU): the `keep` behaviours that matter most to a candidate. */
export interface Search {
  readonly name: string;
  readonly doc: string;
  readonly from: History;
  readonly by: By;
  readonly keep: number;
  readonly heads: "round_robin" | "per_head" | "max";
  readonly span: Span;
}

export type Over =
  | { readonly kind: "search"; readonly search: Search; readonly history: History }
  | { readonly kind: "history"; readonly history: History }
  | { readonly kind: "last"; readonly history: History; readonly count: number };

/** The exact stage (ESU). */
export interface Attend {
  readonly name: string;
  readonly doc: string;
  readonly over: Over;
  /** Lists that it goes over besides, where its kind takes several (`oversOf` has all). */
  readonly beside: readonly Over[];
  readonly by: By;
  /** Width of a value per head. */
  readonly values: number;
  /** Width of the attention's output. */
  readonly out: number;
  readonly keys: "auto" | "fresh" | "cached";
  readonly value: "plain" | "product";
  /** Whether the result's product with the projected query comes beside it, as wide again. */
  readonly product: boolean;
  /** Whether log-sum-exp and maximum of the scores, a head each, come beside it, and 1 where no behaviour counts. */
  readonly strength: boolean;
  readonly span: Span;
}

export type TowerInput =
  | { readonly kind: "attend"; readonly attend: Attend }
  | { readonly kind: "group"; readonly group: Group }
  | { readonly kind: "feature"; readonly feature: Feature };

export interface Tower {
  readonly name: string;
  readonly doc: string;
  /** What the layers read; empty: the tower is `wide` alone. */
  readonly input: readonly TowerInput[];
  /** What adds to the logits one by one, as in a logistic regression. */
  readonly wide: readonly Feature[];
  readonly hidden: readonly number[];
  readonly activation: "relu" | "prelu" | "dice" | "gelu";
  readonly dropout: number;
  readonly norm: "none" | "layer" | "batch";
  /** DCN-v2 layers ahead of the hidden ones. */
  readonly cross: number;
  /** MMoE experts; 0: one shared trunk. */
  readonly experts: number;
  readonly tasks: readonly Task[];
  readonly span: Span;
}

export interface Task {
  readonly label: string;
  readonly doc: string;
  readonly kind: "binary" | "regression";
  readonly weight: number;
  /** Share of the loss that compares a user's positives with negatives; 0 of a regression. */
  readonly pairs: number;
  /** A label that comes before: the loss is of the product of both probabilities, over all samples; null: it is of this one's. */
  readonly through: string | null;
  /** How the probability is corrected on the validation part after training; null: it is that of the logit. */
  readonly calibrate: CalibrationKind | null;
  /** Features of the context or the candidate that add to the log-odds in training alone. */
  readonly bias: readonly Feature[];
  /** Counts only where this label is one. */
  readonly where: string | null;
  readonly span: Span;
}

/** Σ weight · ln p over labels of any tower. */
export interface Score {
  /** The tower that it is written in. */
  readonly tower: string;
  readonly of: readonly { readonly label: string; readonly weight: number }[];
  readonly span: Span;
}

export type TablePart =
  | { readonly kind: "keys"; readonly metric: Metric; readonly width: number }
  | { readonly kind: "values"; readonly attend: Attend; readonly width: number }
  /** Whole odd numbers, which no precision may change. */
  | { readonly kind: "codes"; readonly stage: Search | Attend; readonly width: number };

export interface Table {
  readonly name: string;
  readonly doc: string;
  readonly history: History;
  /** In the order of the columns of a row. */
  readonly of: readonly TablePart[];
  /** Columns of a row: the parts' widths together. */
  readonly width: number;
  readonly precision: "float32" | "float16" | "uint8";
  readonly coverage: number;
  readonly minCount: number;
  /** Seconds; null: not said. */
  readonly refresh: number | null;
  readonly shards: number;
  readonly onMiss: "mask" | "zero" | "compute";
  readonly span: Span;
}

export type Optimiser =
  | {
      readonly kind: "adam";
      readonly rate: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    }
  | { readonly kind: "adagrad"; readonly rate: number; readonly epsilon: number }
  | { readonly kind: "rowwise_adagrad"; readonly rate: number; readonly epsilon: number }
  | { readonly kind: "sgd"; readonly rate: number };

export type Schedule =
  | { readonly kind: "constant" }
  | { readonly kind: "warmup"; readonly steps: number }
  | { readonly kind: "cosine"; readonly steps: number; readonly warmup: number };

export interface Train {
  readonly embeddings: Optimiser;
  readonly dense: Optimiser;
  readonly batch: number;
  readonly epochs: number;
  /** Whether tables whose rows travel, and their state, begin anew with each epoch. */
  readonly renew: boolean;
  readonly schedule: Schedule;
  /** Largest gradient norm; null: none. */
  readonly clip: number | null;
  /** Times the parameter, added to its gradient: embedding rows that the batch touches, and all else. */
  readonly l2: { readonly embeddings: number; readonly dense: number };
  /** Of the parameters that are no embeddings; null: they are exported as the last step leaves them. */
  readonly average: { readonly decay: number } | null;
  /** Share of the samples that train with an empty history. */
  readonly cold: number;
  /** Samples of one user that stay side by side in an epoch's order, at most. */
  readonly group: number;
  /** How many of a sample's newest behaviours a step sees: n with a probability that goes by 1 / n; null: all. */
  readonly length: { readonly min: number; readonly max: number } | null;
  /** `implied`: the file says nothing of it. */
  readonly stop: { readonly after: number; readonly on: string; readonly implied?: true } | null;
  readonly seed: number;
}
