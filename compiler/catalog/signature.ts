// What a catalogue entry is made of: the sorts of values, and signatures of named arguments. Data only; check/ reads by it.
import type { CallValue, Dimension, Name, Span } from "../../grammar/ast.ts";
import type { Wanted } from "./wanted.ts";

/**
 * The most behaviours that a search keeps, or that an attend takes of a history's newest: every history is padded to them, and
 * the reference is computed over them. Attention to more is attention over the whole history, which needs neither.
 */
export const mostKept = 10_000;

/** Bounds of a number; `above` and `below` are exclusive. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** A call whose name is known to be one of a catalogue's, with its arguments still to be read by that signature. */
export interface Choice {
  readonly name: string;
  readonly call: CallValue;
}

/** Bucket edges, strictly ascending, all of one dimension; durations in seconds, ratios as shares. */
export interface Edges {
  readonly values: readonly number[];
  readonly dimension: Dimension;
  /** How many buckets the data is to be divided into: the edges are learned, and there are none yet. Null: they are given. */
  readonly quantiles: number | null;
}

/** A number with the dimension of its unit; durations in seconds, ratios as shares. */
export interface Quantity {
  readonly value: number;
  readonly dimension: Dimension;
  readonly text: string;
  readonly span: Span;
}

export type SortKind =
  | { readonly kind: "integer"; readonly range: Range }
  | { readonly kind: "real"; readonly range: Range }
  | { readonly kind: "duration"; readonly range: Range }
  | { readonly kind: "flag" }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  /** One of many texts, in quotation marks. */
  | { readonly kind: "text"; readonly what: string; readonly of: readonly string[] }
  | { readonly kind: "integers"; readonly range: Range; readonly empty: boolean }
  | { readonly kind: "quantity"; readonly range: Range; readonly dimensions: readonly Dimension[] }
  /** A list, or one of the calls. */
  | {
      readonly kind: "edges";
      readonly dimensions: readonly Dimension[];
      readonly calls: Readonly<Record<string, Signature>>;
    }
  | { readonly kind: "name"; readonly what: string; readonly of: "label" | "new" }
  | { readonly kind: "reference"; readonly what: string; readonly wanted: Wanted }
  | { readonly kind: "references"; readonly what: string; readonly wanted: Wanted }
  | { readonly kind: "call"; readonly what: string; readonly of: Readonly<Record<string, Signature>> };

/** A sort of value; `T` is what reading it gives (a phantom: no value carries it). */
export type Sort<T> = SortKind & { readonly reads?: T };

/** A setting of a block or an argument of a call. */
export interface Argument<T = unknown> {
  readonly sort: Sort<T>;
  /** One line. */
  readonly doc: string;
  readonly required: boolean;
  /** Where this one is written, that is not required, and null where it is left out. */
  readonly unless?: string;
  /** The value where nothing is written; means nothing where `required`. */
  readonly fallback: T | null;
  /** May be written without its name, as in `match(item.category)`. */
  readonly unnamed: boolean;
}

export type Arguments = Readonly<Record<string, Argument>>;

export interface Signature<A extends Arguments = Arguments> {
  /** One line. */
  readonly doc: string;
  readonly arguments: A;
}

/** What reading an argument gives. */
export type Reads<A extends Argument> = A extends Argument<infer T> ? T : never;

/** A value with its place. `span` is the value's, or the owner's where nothing is written. */
export interface Given<T> {
  readonly value: T;
  readonly span: Span;
  readonly written: boolean;
}

/** Null where reading failed, which has been reported. */
export type Readings<A extends Arguments> = { readonly [K in keyof A]: Given<Reads<A[K]>> | null };

export const integer = (min: number, max: number): Sort<number> => ({ kind: "integer", range: { min, max } });
export const real = (range: Range): Sort<number> => ({ kind: "real", range });
/** Seconds. */
export const duration = (range: Range): Sort<number> => ({ kind: "duration", range });
export const flag: Sort<boolean> = { kind: "flag" };
export const choice = <const C extends readonly string[]>(...of: C): Sort<C[number]> => ({ kind: "choice", of });
export const text = (what: string, of: readonly string[]): Sort<string> => ({ kind: "text", what, of });
export const integers = (min: number, max: number, empty = false): Sort<readonly number[]> => ({
  kind: "integers",
  range: { min, max },
  empty,
});
export const quantity = (range: Range, ...dimensions: readonly Dimension[]): Sort<Quantity> => ({
  kind: "quantity",
  range,
  dimensions,
});
export const edges = (
  calls: Readonly<Record<string, Signature>>,
  ...dimensions: readonly Dimension[]
): Sort<Edges> => ({ kind: "edges", dimensions, calls });
/** A bare name that is not looked up among the declarations: a label's, or one that means nothing elsewhere. */
export const name = (what: string, of: "label" | "new"): Sort<Name> => ({ kind: "name", what, of });
/** A dotted name, resolved by the check of its block. */
export const reference = (of: Wanted): Sort<CallValue> => ({ kind: "reference", what: of.what, wanted: of });
/** One reference, or a list of them. */
export const references = (of: Wanted): Sort<readonly CallValue[]> => ({
  kind: "references",
  what: of.what,
  wanted: of,
});
export const call = (what: string, of: Readonly<Record<string, Signature>>): Sort<Choice> => ({
  kind: "call",
  what,
  of,
});

export const required = <T>(sort: Sort<T>, doc: string): Argument<T> => ({
  sort,
  doc,
  required: true,
  fallback: null,
  unnamed: false,
});

/** Required unless the other one is written. */
export const requiredUnless = <T>(unless: string, sort: Sort<T>, doc: string): Argument<T | null> => ({
  ...required<T | null>(sort as Sort<T | null>, doc),
  unless,
});

export const optional = <T, const D extends T | null>(sort: Sort<T>, fallback: D, doc: string): Argument<T | D> => ({
  sort: sort as Sort<T | D>,
  doc,
  required: false,
  fallback,
  unnamed: false,
});

/** The argument may also be given by its place. */
export const unnamed = <T>(argument: Argument<T>): Argument<T> => ({ ...argument, unnamed: true });

export const signature = <const A extends Arguments>(doc: string, args: A): Signature<A> => ({ doc, arguments: args });

/** Rows are addressed by int32, and row 0 is the unknown. */
export const maxRows = 2 ** 31 - 2;
/** Widest vector, layer or embedding that is accepted: a typing error beyond any use known. */
export const maxWidth = 65_536;
