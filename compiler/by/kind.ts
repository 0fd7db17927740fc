// What a kind of `by` says of itself: how it is written, read and shown, its parameters, and how both stages are lowered.
import type { BySpec } from "../../contract/by-spec.ts";
import type { CallValue, Span } from "../../grammar/ast.ts";
import type { Arguments, Given, Readings, Signature } from "../catalog/signature.ts";
import type { Value } from "../ir/graph.ts";
import type { Frame } from "../lower/frame.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Found } from "../lower/tower.ts";
import type { By } from "../model/by.ts";
import type { Attend, Feature, History, Metric, Model, Search, Table } from "../model/model.ts";
import type { Parameter } from "../model/parameter.ts";
import type { Site } from "../model/site.ts";
import type { InKernel } from "./kernel.ts";

export type KindName = By["kind"];
export type Of<K extends KindName> = Extract<By, { readonly kind: K }>;
export type Stage = "search" | "attend";

export interface Kind<K extends KindName> {
  /** How a file writes it; null: by the name of a `metric` section. */
  readonly call: Call<K> | null;
  /** The published system that searches by it and attends by something else; null: there is none. */
  readonly system: string | null;
  /** As a file would write it, equal for two that rank alike. */
  text(by: Of<K>): string;
  /** As the manifest says it, to whoever serves. */
  spec(by: Of<K>): BySpec;
  /** A feature of the item that no file declares and that stages by it read. Absent: none. */
  implied?(by: Of<K>): Feature;
  /** What stages by it compare of an item alone, in whole odd numbers that a table can hold: [… `codeWidth`]. Absent: nothing. */
  codes?(scene: Scene, stage: Search | Attend, by: Of<K>, site: Site): Value;
  /** Widths of an attend's values and result. */
  shape(by: Of<K>, sizes: Sizes): Pick<Attend, "values" | "out">;
  /** What an attend by it owns, in canonical order. */
  parameters(model: Model, attend: Attend, by: Of<K>): readonly Parameter[];
  /** Null: it ranks nothing, so that a search cannot go by it. */
  readonly search: SearchRule<K> | null;
  /** Null: it weighs nothing. */
  readonly attend: AttendRule<K> | null;
  /** How the kernel for CPU and WASM runs each stage, or why it does not. */
  readonly kernel: InKernel<K>;
}

export interface Call<K extends KindName> {
  readonly signature: Signature;
  /** Null where it is wrong, which has been reported. */
  read(reader: CallReader): Of<K> | null;
}

/** What `read` has of the checker. Everything that is wrong is reported where it stands, and gives null. */
export interface CallReader {
  readonly stage: Stage;
  arguments<A extends Arguments>(signature: Signature<A>): Readings<A>;
  /** The feature of `item` that the argument names, if it `fits`; `reason`: "is no vector". */
  itemFeature(given: Given<CallValue> | null, fits: (feature: Feature) => boolean, reason: string): Feature | null;
  /** Whether the argument names `item` as a whole. */
  wholeItem(given: Given<CallValue> | null): boolean;
  /** @param valid the nearest that are in the range, for fixes */
  outOfRange(argument: string, range: string, span: Span, valid?: readonly number[]): null;
  /** An argument that has no effect in this stage. */
  doesNotApply(argument: string, span: Span, help: readonly string[]): null;
}

export interface Sizes {
  /** The item's columns, as they stand. */
  readonly inherent: number;
  /** `[K_h, K_c]`: the item's columns and the cross features' of the history. */
  readonly pooled: number;
  /** As the attend's settings say. */
  readonly value: Attend["value"];
  readonly values: number | null;
  readonly out: number | null;
}

/** A search. All graphs use the same rule: `scene` says whether one history is shared, and whether it trains. */
export interface SearchRule<K extends KindName> {
  /** What it owns, in canonical order. */
  readonly parameters?: (model: Model, search: Search, by: Of<K>) => readonly Parameter[];
  /** What a step measures for it. */
  readonly measure?: (scene: Scene, search: Search, by: Of<K>) => void;
  /** The argument that is beyond what a history of this length allows, and what is allowed; null: none is. */
  readonly limit?: (by: Of<K>, history: History) => { readonly argument: string; readonly range: string } | null;
  /** The table that keys or codes are read from; null: they are computed. Absent: it has none. */
  readonly source?: (scene: Scene, search: Search, by: Of<K>) => KeySource;
  /** 1 where a behaviour may be kept, else 0, broadcast to [A, R, M]; padding is taken away besides. Absent: all may. */
  readonly fits?: (scene: Scene, search: Search, by: Of<K>, frame: Frame) => Value;
  /** Scores of the whole history, unmasked: [A, R, L]. Absent: all that fit are alike, and the newest are kept. */
  readonly scores?: (scene: Scene, search: Search, by: Of<K>, frame: Frame) => Value;
}

/** An attend. All graphs use the same rule, as with searches. */
export interface AttendRule<K extends KindName> {
  /** Tables that keys, or codes in their place, and values may be read from. Absent: none. */
  readonly tables?: (scene: Scene, attend: Attend, by: Of<K>) => AttendTables;
  /** What a step measures for it. */
  readonly measure?: (scene: Scene, attend: Attend, by: Of<K>) => void;
  /** It goes over several lists at once, each of a known length and the same for all heads. Absent: over one of any sort. */
  readonly lists?: true;
  lower(scene: Scene, attend: Attend, by: Of<K>, around: Around): Attended;
}

export interface AttendTables {
  readonly keys: KeySource;
  readonly values: KeySource;
}

/** A list of behaviours. */
export interface Looked {
  /** The behaviours that it looks at. */
  readonly frame: Frame;
  /** 1 for a behaviour that counts, given the tables that are read; else 0: broadcast to [A, R, M]. */
  mask(reads: readonly Table[]): Value;
}

/** What the graph around an attend gives it. */
export interface Around extends Looked {
  /** The lists that it goes over besides. */
  readonly beside: readonly Looked[];
  /** What the rule's `tables` said, unless this graph is to read none. */
  readonly tables: AttendTables;
  /** Masked scores at the kept positions, where the search by the same keys stands in the graph; else null. */
  searched(metric: Metric, source: KeySource): Value | null;
}

export interface Attended extends Found {
  /** What the kernel would give in its place, [R, heads · columns]; null: it does not run such an attend. */
  readonly pooled: Value | null;
  /** For `explain`: written when it is asked for. Null: there is nothing to show. */
  readonly shown: (() => Shown) | null;
}

/** What an attention shows of itself, all [A, R, M]. */
export interface Shown {
  readonly weights: Value;
  /** The inherent part of each score. */
  readonly metric: Value;
  /** The cross features' part. */
  readonly bias: Value;
}

/** The shape of what pools a history's columns without projecting them. */
export const pooled = (_: unknown, { pooled }: Sizes): Pick<Attend, "values" | "out"> => ({
  values: pooled,
  out: pooled,
});

/** For kinds that own nothing. */
export const none = (): readonly Parameter[] => [];
