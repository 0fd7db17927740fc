// Manifests as earlier versions wrote them, as schemas: format 1 (Twin 0.1.0), and format 2 before ports said what they hold.

import * as v from "valibot";
import { FeatureSchema, ManifestSchema, TableSchema } from "./manifest.ts";
import { named, strict } from "./named-schema.ts";
import { GraphSchema, InputSchema, storedTypes, VariantInputSchema } from "./port-spec.ts";
import { TrainSpecSchema } from "./training-spec.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const { name, dtype, shape, meaning } = InputSchema.entries;
const PortSchema = strict({ name, dtype, shape, meaning });
const VariantPortSchema = strict({ name, dtype: VariantInputSchema.entries.dtype, shape, meaning });

/** The graphs that there were. */
const earlierGraphs = [
  "projector",
  "search",
  "rank",
  "rank_fresh",
  "request",
  "request_fresh",
  "oracle",
  "explain",
  "explain_fresh",
] as const;

const EarlierGraphSchema = strict({
  file: v.string(),
  keys: GraphSchema.entries.keys,
  inputs: v.array(PortSchema),
  outputs: v.array(PortSchema),
  variants: v.optional(
    v.record(v.picklist(storedTypes), v.optional(strict({ file: v.string(), inputs: v.array(VariantPortSchema) }))),
  ),
});

const EarlierFrameSchema = strict({
  name: v.string(),
  kind: v.picklist(["search", "whole", "last"]),
  history: v.string(),
  search: v.nullable(v.string()),
  length: v.nullable(positive),
  heads: v.nullable(positive),
});

const { files, fingerprints, histories, labels, vocabularies, derived, plan, costs, checksum } = ManifestSchema.entries;
const { model, doc, compiler, untrained, step } = ManifestSchema.entries;
const { spec, history, row, width, precision, on_miss, coverage, min_count, refresh, shards } = TableSchema.entries;

export const EarlierManifestSchema = strict({
  /** 1 has neither `blocks` nor `checksum`. */
  format: v.picklist([1, 2]),
  model,
  doc,
  compiler,
  untrained,
  step,
  fingerprints,
  files,
  features: v.array(FeatureSchema),
  histories,
  graphs: v.record(v.picklist(earlierGraphs), v.optional(EarlierGraphSchema)),
  searches: v.array(
    strict({
      name: v.string(),
      history: v.string(),
      /** As written: `relevance`, `match(item.category)`. */
      by: v.string(),
      metric: v.nullable(v.string()),
      keep: positive,
      heads: v.picklist(["round_robin", "per_head", "max"]),
      kept: v.string(),
      table: v.nullable(v.string()),
      scores: v.nullable(v.string()),
    }),
  ),
  attends: v.array(
    strict({
      name: v.string(),
      by: v.string(),
      over: strict({
        kind: v.picklist(["search", "history", "last"]),
        /** The search or the history. */
        name: v.string(),
        history: v.string(),
        count: v.nullable(positive),
      }),
      heads: positive,
    }),
  ),
  labels,
  tables: named(
    strict({
      spec,
      history,
      row,
      width,
      parts: v.array(
        /** `relevance.keys`, `interest.values` */
        strict({ of: v.string(), offset: natural, width: positive, heads: positive, dim: positive }),
      ),
      precision,
      on_miss,
      coverage,
      min_count,
      refresh,
      shards,
    }),
  ),
  embeddings: v.array(
    strict({
      parameter: v.string(),
      rows: positive,
      dim: positive,
      placement: v.picklist(["inside", "outside"]),
      /** Graph input that takes the fetched rows where it is outside. */
      input: v.nullable(v.string()),
    }),
  ),
  vocabularies,
  train: strict({ ...TrainSpecSchema.entries, frames: v.array(EarlierFrameSchema) }),
  derived,
  plan,
  costs,
  checksum,
});

export type EarlierManifest = v.InferOutput<typeof EarlierManifestSchema>;
export type EarlierFrame = v.InferOutput<typeof EarlierFrameSchema>;
