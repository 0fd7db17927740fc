// What a search or an attend goes by, as the manifest says it: a tagged union, a variant a kind.

import * as v from "valibot";
import { strict } from "./named-schema.ts";

/** Kinds that come later are variants more; whoever reads an unknown one refuses it by its name. */
export const BySchema = v.variant("kind", [
  /** A metric of the model (`metrics`). */
  strict({ kind: v.literal("metric"), metric: v.string() }),
  /** A behaviour counts where its item has this feature's value in common with the candidate. */
  strict({ kind: v.literal("match"), feature: v.string() }),
  /** A behaviour counts where its item is in the candidate's cluster: both have one row of this feature. */
  strict({ kind: v.literal("cluster"), feature: v.string() }),
  /** The inner product of raw vectors. */
  strict({ kind: v.literal("inner_product"), feature: v.string() }),
  /** A network on candidate and behaviour. */
  strict({ kind: v.literal("mlp") }),
  /** How many of so many random planes, by this seed, have behaviour and candidate on one side. */
  strict({
    kind: v.literal("hamming"),
    bits: v.number(),
    /** Written where it is not `rms`. */
    scale: v.optional(v.picklist(["rms", "none"])),
    seed: v.number(),
  }),
  /**
   * In how many of `hashes` / `width` groups of random planes, by this seed, behaviour and candidate are on one side of all; an
   * attend sums them group by group.
   */
  strict({
    kind: v.literal("collision"),
    hashes: v.number(),
    width: v.number(),
    normalize: v.picklist(["l2", "none"]),
    scale: v.picklist(["rms", "none"]),
    seed: v.number(),
  }),
  /** Layers of target attention, each over behaviours of its own making; `hidden` is the width within its gated layers. */
  strict({
    kind: v.literal("stacked"),
    layers: v.number(),
    heads: v.number(),
    dim: v.number(),
    hidden: v.number(),
  }),
  /** Layers of self-attention over all lists at once; `hidden` is the width within its feed-forward networks. */
  strict({
    kind: v.literal("encoder"),
    layers: v.number(),
    heads: v.number(),
    dim: v.number(),
    hidden: v.number(),
  }),
  /** All behaviours alike. */
  strict({ kind: v.literal("mean") }),
]);

/** The behaviours that an attend reads. */
export const OverSchema = v.variant("kind", [
  strict({ kind: v.literal("search"), search: v.string(), history: v.string() }),
  strict({ kind: v.literal("history"), history: v.string() }),
  /** The newest `count`. */
  strict({
    kind: v.literal("last"),
    history: v.string(),
    count: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
]);

/** What a part of a table's row is. */
export const PartOfSchema = v.variant("kind", [
  /** Keys of a metric. */
  strict({ kind: v.literal("keys"), metric: v.string() }),
  /** Values of an attend. */
  strict({ kind: v.literal("values"), attend: v.string() }),
  /** What a search or an attend compares of an item alone: whole odd numbers (`codeWidth`). */
  strict({ kind: v.literal("codes"), stage: v.string() }),
]);

export type BySpec = v.InferOutput<typeof BySchema>;
export type OverSpec = v.InferOutput<typeof OverSchema>;
export type PartOf = v.InferOutput<typeof PartOfSchema>;

/** The metric that it goes by; null: none. */
export const metricOf = (by: BySpec): string | null => ("metric" in by ? by.metric : null);

/** The feature that it goes by; null: none. */
export const featureOf = (by: BySpec): string | null => ("feature" in by ? by.feature : null);

/** The feature in which a behaviour's item must agree with the candidate's, or else does not count; null: none. */
export const sharedOf = (by: BySpec): string | null =>
  by.kind === "match" || by.kind === "cluster" ? by.feature : null;

/** Heads that weigh every behaviour against every other; 0: it weighs them against the candidate alone. */
export const headsAmong = (by: BySpec): number => (by.kind === "encoder" ? by.heads : 0);

/** Columns of an item's codes: ±1 for each plane, or the bucket of each group, Σ ±2^t over its planes t; 0: it compares no codes. */
export function codeWidth(by: BySpec): number {
  switch (by.kind) {
    case "hamming":
      return by.bits;
    case "collision":
      return by.hashes / by.width;
    default:
      return 0;
  }
}

/** Every list that an attend goes over. */
export const oversOf = (attend: {
  readonly over: OverSpec;
  readonly beside?: readonly OverSpec[] | undefined;
}): readonly OverSpec[] => [attend.over, ...(attend.beside ?? [])];

/**
 * Whether rows of such parts may be read though they were made with other weights: codes are compared bit by bit with a
 * candidate's of these.
 */
export const mayBeStale = (parts: readonly PartOf[]): boolean => parts.every(({ kind }) => kind !== "codes");

/** `relevance`, `interest`, `nearest`: what the part is of. */
export function partOwner(of: PartOf): string {
  switch (of.kind) {
    case "keys":
      return of.metric;
    case "values":
      return of.attend;
    case "codes":
      return of.stage;
  }
}

/** `relevance.keys`, `interest.values`, `nearest.codes`: for people. */
export const partName = (of: PartOf): string => `${partOwner(of)}.${of.kind}`;
