// The ports of the graphs that serve: name, type, shape, and what an input holds (`source`) or an output says (`result`).

import * as v from "valibot";
import { strict } from "./named-schema.ts";
import { portFields } from "./port-fields.ts";

/** Rows as the feature's encoder counts them, also where its embedding lies outside and its ids count in fetched rows. */
const raw = v.optional(v.literal(true));

/** What an input holds. Features, histories, tables, searches are named as the manifest's other sections name them. */
export const SourceSchema = v.variant("kind", [
  /** An item feature of each item: of the projector. */
  strict({ kind: v.literal("item"), feature: v.string(), raw }),
  /** An item feature of each candidate. */
  strict({ kind: v.literal("candidate-item"), feature: v.string(), raw }),
  /** A candidate feature. */
  strict({ kind: v.literal("candidate"), feature: v.string(), raw }),
  /** A user or context feature: one value a request. */
  strict({ kind: v.literal("single"), feature: v.string(), raw }),
  /** An item feature of each behaviour. */
  strict({ kind: v.literal("history-item"), history: v.string(), feature: v.string(), raw }),
  /** A cross feature of each behaviour. */
  strict({ kind: v.literal("cross"), history: v.string(), feature: v.string() }),
  /** float32 [history]: 1 for a behaviour, 0 for padding. */
  strict({ kind: v.literal("valid"), history: v.string() }),
  /** int32 [history]: the row of each behaviour in a table; 0 is the miss row. */
  strict({ kind: v.literal("row"), table: v.string() }),
  /** Rows of a table. */
  strict({ kind: v.literal("table"), table: v.string() }),
  /** Of rows stored as uint8: scale and offset of each head. */
  strict({ kind: v.literal("table-scale"), table: v.string() }),
  /** Fetched rows of an embedding table that lies outside; the ids of its features count in them. */
  strict({ kind: v.literal("embedding"), parameter: v.string() }),
  /** int32: what a search kept. */
  strict({ kind: v.literal("kept"), search: v.string() }),
  /** float32 [candidates, heads · width]: what an attend pooled before its graph, from the kernel. */
  strict({ kind: v.literal("pooled"), attend: v.string() }),
]);

/** What an output says. */
export const ResultSchema = v.variant("kind", [
  /** int32 [candidates, k] or [heads, candidates, k] */
  strict({ kind: v.literal("kept"), search: v.string() }),
  /** float32 [candidates]; of a regression the value. */
  strict({ kind: v.literal("probability"), label: v.string() }),
  strict({ kind: v.literal("logit"), label: v.string() }),
  /** float32 [candidates]: what they are ordered by. */
  strict({ kind: v.literal("score") }),
  /** float32 [heads, candidates, history]: the attention's scores over the whole history. */
  strict({ kind: v.literal("scores"), search: v.string() }),
  /** float32 [items, width]: rows of a table. */
  strict({ kind: v.literal("rows"), table: v.string() }),
  /** float32 [heads, candidates, behaviours] */
  strict({ kind: v.literal("attention"), attend: v.string(), part: v.picklist(["weights", "metric", "bias"]) }),
  /** An operand of the kernel; the section `kernel` says of what. */
  strict({ kind: v.literal("operand"), operand: v.picklist(["query", "keys", "bias", "mask", "values", "row"]) }),
]);

/** What lookup tables may be stored in besides float32, and graphs may take as it is. */
export const storedTypes = ["float16", "uint8"] as const;

const port = {
  ...portFields,
  /** For people. */
  meaning: v.string(),
};

export const InputSchema = strict({ ...port, source: SourceSchema });
export const OutputSchema = strict({ ...port, result: ResultSchema });

/** An input of a variant: tables come as they are stored. */
export const VariantInputSchema = strict({
  ...port,
  dtype: v.picklist(["float32", "int32", ...storedTypes]),
  source: SourceSchema,
});

/** The same graph over tables as they are stored: rows [rows, width], for uint8 with `TABLE.scale` [rows, 2 · heads]. */
export const VariantSchema = strict({
  file: v.string(),
  inputs: v.array(VariantInputSchema),
});

const sideGraphNames = [
  "kernel_user",
  "kernel_user_fresh",
  "kernel_query",
  "kernel_head",
  "kernel_head_fresh",
] as const;

export const graphNames = [
  "projector",
  "search",
  "rank",
  "rank_fresh",
  "request",
  "request_fresh",
  "oracle",
  "explain",
  "explain_fresh",
  ...sideGraphNames,
] as const;

/** Side graphs of the selection kernel: they run on a CPU or on WASM, never on a GPU. */
export const sideGraphs: readonly GraphName[] = sideGraphNames;

export const GraphSchema = strict({
  file: v.string(),
  /** Whether attention's keys and values are read from tables (`cached`) or projected in the graph (`fresh`). */
  keys: v.picklist(["cached", "fresh"]),
  inputs: v.array(InputSchema),
  outputs: v.array(OutputSchema),
  /** By the type of its tables' rows. Used where it runs; elsewhere the host decodes. */
  variants: v.optional(v.record(v.picklist(storedTypes), v.optional(VariantSchema))),
});

export type Source = v.InferOutput<typeof SourceSchema>;
export type Result = v.InferOutput<typeof ResultSchema>;
export type InputPort = v.InferOutput<typeof InputSchema>;
export type OutputPort = v.InferOutput<typeof OutputSchema>;
export type VariantInput = v.InferOutput<typeof VariantInputSchema>;
export type GraphSpec = v.InferOutput<typeof GraphSchema>;
export type GraphName = (typeof graphNames)[number];
export type StoredType = (typeof storedTypes)[number];
export type GraphVariant = v.InferOutput<typeof VariantSchema>;
/** `search.float16`: what a graph's variant is called. */
export type VariantName = `${GraphName}.${StoredType}`;
