// `manifest.yaml` as a schema: what the compiler writes of a build, and the runtime reads.

import * as v from "valibot";
import { hashesPattern } from "./block-hashes.ts";
import { BySchema, OverSchema, PartOfSchema } from "./by-spec.ts";
import { EncoderSchema } from "./encoder-spec.ts";
import { ExtensionsSchema } from "./extensions.ts";
import { named, strict } from "./named-schema.ts";
import { GraphSchema, graphNames } from "./port-spec.ts";
import { TrainSpecSchema } from "./training-spec.ts";

export type {
  GraphName,
  GraphSpec,
  GraphVariant,
  InputPort,
  OutputPort,
  StoredType,
  VariantInput,
  VariantName,
} from "./port-spec.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"));

/** A feature: how its raw value is encoded, and what enters the graphs. */
export const FeatureSchema = strict({
  /** `item.video_id`, `watched.ago`, `user.age` */
  name: v.string(),
  group: v.picklist(["item", "user", "context", "candidate", "cross", "stats"]),
  /** The user's column: the feature's bare name. */
  column: v.string(),
  formerly: v.nullable(v.string()),
  key: v.boolean(),
  encoder: EncoderSchema,
  dtype: v.picklist(["int32", "float32"]),
  /** Shape of one encoded value (`encodedShapeOf`). */
  shape: v.array(positive),
  /** The embedding it reads (`embeddings[].parameter`), or null. */
  embedding: v.nullable(v.string()),
  /** The vocabulary it is looked up in (`vocabularies[].name`), or null. */
  vocabulary: v.nullable(v.string()),
  /** Only training reads it: no request needs to bring it, and no graph that serves takes it. */
  training: v.optional(v.literal(true)),
});

export const TableSchema = strict({
  /** `tables/video_keys.yaml` */
  spec: v.string(),
  history: v.string(),
  /** The history's input that holds rows of this table. */
  row: v.string(),
  width: positive,
  parts: v.array(
    strict({
      of: PartOfSchema,
      offset: natural,
      width: positive,
      heads: positive,
      dim: positive,
    }),
  ),
  precision: v.picklist(["float32", "float16", "uint8"]),
  on_miss: v.picklist(["mask", "zero", "compute"]),
  coverage: v.number(),
  min_count: natural,
  refresh: v.nullable(v.number()),
  shards: positive,
});

const scalar = v.union([v.string(), v.number(), v.boolean()]);

/**
 * How the data made a feature from a column of another meaning. Serving repeats the derivations where a request brings the
 * raw column; what SQL made, the request must bring as it is. A feature that has none was read from its column.
 */
export const DerivedSchema = v.variant("kind", [
  strict({ feature: v.string(), kind: v.literal("at_least"), column: v.string(), value: v.number() }),
  strict({ feature: v.string(), kind: v.literal("split"), column: v.string(), by: v.string() }),
  strict({
    feature: v.string(),
    kind: v.literal("map"),
    column: v.string(),
    values: named(scalar),
    otherwise: v.nullable(scalar),
  }),
  strict({
    feature: v.string(),
    kind: v.literal("scale"),
    column: v.string(),
    by: v.number(),
    plus: v.number(),
  }),
  strict({ feature: v.string(), kind: v.literal("sql"), sql: v.string() }),
  /** Beside what makes it: a behaviour's value is missing where the time in `column` is not before the request's. */
  strict({ feature: v.string(), kind: v.literal("known_at"), column: v.string() }),
]);

export const ManifestSchema = strict({
  format: v.literal(2),
  model: v.string(),
  doc: v.string(),
  /** Version of the compiler that wrote it. */
  compiler: v.string(),
  /** True where the weights are start values. */
  untrained: v.boolean(),
  /** Training step of the weights, where they say one. */
  step: v.nullable(natural),
  fingerprints: strict({
    /** By metric: hash of the unrewritten metric subgraph. */
    metric: named(hex),
    /** By table: hash of all that the projector reads: parameters and encoders. */
    producer: named(hex),
    /** All parameters. */
    weights: hex,
  }),
  /** Every other file of the artefacts, with what it must be. Tables built later are not among them. */
  files: named(
    strict({
      bytes: natural,
      sha256: hex,
      /** Of tensors: xxHash64 (seed 0) of each MiB, 16 hexadecimal digits each. */
      blocks: v.optional(v.pipe(v.string(), v.regex(hashesPattern, "16 hexadecimal digits for each MiB"))),
    }),
  ),
  features: v.array(FeatureSchema),
  histories: v.array(
    strict({
      name: v.string(),
      /** The newest `max` behaviours are used. */
      max: positive,
      /** The runtime pads to at least this many behaviours: the largest `keep` or `last(n)`. */
      minimum: positive,
      /** Names of the cross features (`features[].name`). */
      cross: v.array(v.string()),
      /** Names of the statistics of its behaviours; none: it has none. */
      stats: v.optional(v.array(v.string())),
      /** By what its behaviours are kept as clusters: a vector of the item, a cross feature whose values keep them apart, members at most. */
      cluster: v.optional(strict({ on: v.string(), within: v.optional(v.string()), size: positive })),
    }),
  ),
  graphs: v.record(v.picklist(graphNames), v.optional(GraphSchema)),
  metrics: named(strict({ heads: positive })),
  searches: v.array(
    strict({
      name: v.string(),
      history: v.string(),
      by: BySchema,
      /** `by` as the source says it: for people. */
      written: v.string(),
      keep: positive,
      heads: v.picklist(["round_robin", "per_head", "max"]),
      /** Name of the output of `search` and of the input of `rank`: `kept`, or `NAME.kept` where there are several. */
      kept: v.string(),
      /** Table whose rows it reads; null: keys are projected in the graph. */
      table: v.nullable(v.string()),
      /** Output of `oracle`: the attention's scores over the whole history [A, candidates, history]; null: no metric. */
      scores: v.nullable(v.string()),
    }),
  ),
  attends: v.array(
    strict({
      name: v.string(),
      by: BySchema,
      written: v.string(),
      over: OverSchema,
      /** Lists that it goes over besides; absent: none. */
      beside: v.optional(v.array(OverSchema)),
      heads: positive,
    }),
  ),
  labels: v.array(
    strict({
      name: v.string(),
      kind: v.picklist(["binary", "regression"]),
      /** Output with the probability (regression: the value) and the one with the logit. */
      output: v.string(),
      logit: v.string(),
    }),
  ),
  /** What candidates are ordered by: Σ weight · ln p over labels, and the output with it; absent: nothing says so. */
  score: v.optional(strict({ output: v.string(), of: v.array(strict({ label: v.string(), weight: v.number() })) })),
  tables: named(TableSchema),
  embeddings: v.array(
    strict({
      parameter: v.string(),
      rows: positive,
      dim: positive,
      /** Features whose rows count in it. */
      readers: v.array(v.string()),
      placement: v.variant("kind", [
        /** In the graphs, as external data. */
        strict({ kind: v.literal("inside") }),
        /** Rows are fetched for this input of a graph. */
        strict({ kind: v.literal("outside"), input: v.string() }),
      ]),
    }),
  ),
  vocabularies: v.array(
    strict({
      /** The feature that owns it. */
      name: v.string(),
      file: v.string(),
      entries: natural,
    }),
  ),
  /** The graphs under train/, and how a trainer feeds them. */
  train: TrainSpecSchema,
  /** Features that the data makes from other columns; none where no data was named. */
  derived: v.optional(v.array(DerivedSchema), []),
  /** Rewrites and plans that were chosen, each with its reason. */
  plan: v.array(strict({ choice: v.string(), because: v.string() })),
  /** Multiply-adds of one request of the given size, and sizes in bytes. */
  costs: strict({
    candidates: positive,
    history: positive,
    multiply_adds: named(natural),
    parameters: natural,
    parameter_bytes: natural,
  }),
  /** Sections that versions to come may add. */
  extensions: ExtensionsSchema,
  /** Of all that stands before it: of the YAML text's lines, of the JSON text's fields. */
  checksum: v.optional(v.string()),
});

export type Manifest = v.InferOutput<typeof ManifestSchema>;
export type Derived = v.InferOutput<typeof DerivedSchema>;
export type FeatureSpec = v.InferOutput<typeof FeatureSchema>;
export type TableEntry = v.InferOutput<typeof TableSchema>;
export type EmbeddingEntry = Manifest["embeddings"][number];
