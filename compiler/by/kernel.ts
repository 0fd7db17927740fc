// What a kind of `by` gives the selection kernel: the operands of its scores and values, and what becomes of what was pooled.
import type { Value } from "../ir/graph.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Found } from "../lower/tower.ts";
import type { By } from "../model/by.ts";
import type { Attend, Feature, History, Model, Search } from "../model/model.ts";
import type { AttendTables, KindName, Of } from "./kind.ts";

/** A rule, or the reason why the kernel runs no such stage, in words for people. */
export interface InKernel<K extends KindName> {
  readonly search: ((search: Search, by: Of<K>, keys: KeySource) => Product) | string;
  readonly attend: ((model: Model, attend: Attend, by: Of<K>, tables: AttendTables) => Pooling) | string;
}

/** What a score gains where candidate and behaviour agree in a feature of the item. */
export interface Agreement {
  readonly feature: Feature;
  /** int32 [R, n] and [L, n]: rows that never match are negative, of candidates below those of behaviours. */
  candidates(scene: Scene): Value;
  behaviours(scene: Scene): Value;
  /** [A, L]: what it gains at each behaviour. */
  worth(scene: Scene): Value;
}

/** Scores = query · keys + bias, and what agreement adds. Two of one name have equal scores. */
export interface Product {
  readonly name: string;
  /** Stem of the ports of its operands. */
  readonly stem: string;
  readonly history: History;
  readonly heads: number;
  /** Of one head's query and keys. */
  readonly width: number;
  /** The table whose columns the keys are; null: `projected`. */
  readonly held: KeySource;
  /** [A, R, width]; what scores are divided by is in it. */
  query(scene: Scene): Value;
  /** [A, L, width] */
  projected(scene: Scene): Value;
  /** [A, L]; null: there is none. */
  readonly bias: ((scene: Scene) => Value) | null;
  readonly match: readonly Agreement[];
}

/** Values that only depend on the row that a cross feature's index names. */
export interface Lookup {
  readonly feature: Feature;
  /** [rows, A, width] */
  rows(scene: Scene): Value;
  /** int32 [L]: the row of each behaviour. */
  row(scene: Scene): Value;
}

/** An attention over what was scored. */
export interface Pooling {
  readonly product: Product;
  /** Of one head's values. */
  readonly width: number;
  /** The table whose columns are values, or what items add to them; null: there is none. */
  readonly held: KeySource;
  /** Values, or what is to be added to those of the table: [A, L, width], of an attend over the newest n [A, n, width]; null: nothing. */
  readonly computed: ((scene: Scene) => Value) | null;
  /** What rows of small tables add to values, a row for each behaviour. */
  readonly lookups: readonly Lookup[];
  /** Whether greatest score and Σ exp(score − greatest) of each head come behind its values. */
  readonly strength: boolean;
  /** Of each head Σ weights · values and, with `strength`, two numbers, heads side by side [R, A · columns] → what the attend gives. */
  result(scene: Scene, pooled: Value): Found;
}

/** What a stage by it says to the kernel. */
export type KernelRule<S extends "search" | "attend"> = InKernel<By["kind"]>[S];
