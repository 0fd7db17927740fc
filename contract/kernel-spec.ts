// The manifest's section `kernel`: what the selection kernel for CPU and WASM is given and gives, or why a model has none.

import * as v from "valibot";
import { strict } from "./named-schema.ts";

/** What this version's kernel takes: heads, columns of a head, behaviours kept or attended to. Beyond it the graphs run. */
export const kernelLimits = { heads: 16, width: 256, keep: 1000 } as const;

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Columns `offset` … of each behaviour's row of a table, one head after the other. */
const columns = strict({ kind: v.literal("table"), table: v.string(), offset: natural });
/** An output of the user's graph: [history, heads, width], of values over the newest n [n, heads, width]. */
const output = strict({ kind: v.literal("output"), output: v.string() });
/** Outputs of the user's graph: float32 [rows, heads, width], and int32 [history], the row of each behaviour. */
const lookup = strict({ kind: v.literal("lookup"), rows: v.string(), row: v.string() });

/** Where keys, or one of the things that are added up to values, lie: a number for each behaviour, head and column. */
export const KeysSchema = v.variant("kind", [columns, output]);
export const OperandSchema = v.variant("kind", [columns, output, lookup]);

/** What a score gains where candidate and behaviour agree in a feature. */
const agreement = strict({
  /** Outputs of the query's and the user's graph: int32 [candidates, rows] and [history, rows]. */
  candidates: v.string(),
  behaviours: v.string(),
  /** Output of the user's graph, float32 [heads, history]: what the score gains there. */
  worth: v.string(),
  /** Rows of one value. */
  rows: positive,
  /** Whether any one row in common is enough, wherever it stands; else all must be equal, each at its place. */
  any: v.boolean(),
});

/** Scores = query · keys + bias, and the worth of what agrees : float32 [heads, candidates, history]. */
export const ProductSchema = strict({
  name: v.string(),
  history: v.string(),
  heads: positive,
  /** Of a head's query and keys. */
  width: positive,
  /** Output of the query's graph, float32 [heads, candidates, width]; what scores are divided by is in it. */
  query: v.string(),
  keys: KeysSchema,
  /** Output of the user's graph, float32 [heads, history]; null: there is none. */
  bias: v.nullable(v.string()),
  match: v.optional(v.pipe(v.array(agreement), v.minLength(1))),
});

export const KernelSearchSchema = strict({
  search: v.string(),
  product: v.string(),
  rule: v.picklist(["round_robin", "per_head", "max"]),
  keep: positive,
  /** Output of the user's graph, float32 [history]: 1 where a behaviour may be kept, else 0. */
  mask: v.string(),
});

/** What stands behind a head's values of an attend with `strength`. */
export const peakWidth = 2;

/** Columns of one head of what an attend pools. */
export const pooledColumns = ({
  width,
  strength,
}: {
  readonly width: number;
  readonly strength?: boolean | undefined;
}) => (strength === true ? width + peakWidth : width);

export const KernelAttendSchema = strict({
  attend: v.string(),
  product: v.string(),
  over: v.variant("kind", [
    strict({ kind: v.literal("search"), search: v.string() }),
    /** The newest `count`. */
    strict({ kind: v.literal("last"), count: positive }),
  ]),
  /** The search's masked scores are this attend's: at the kept they need not be computed again. */
  searched: v.boolean(),
  /** Output of the user's graph, float32 [history]: 1 where a behaviour counts, else 0. */
  mask: v.string(),
  /** Of a head's values; heads are the product's. */
  width: positive,
  /** Added up. */
  values: v.pipe(v.array(OperandSchema), v.minLength(1)),
  /** Behind each head's columns stand its greatest score and Σ exp(score − greatest), of masked scores. */
  strength: v.optional(v.literal(true)),
  /** Input of the head's graph, float32 [candidates, heads · columns]: Σ weights · values of each head, side by side. */
  pooled: v.string(),
});

/** One way of a request: the graphs that it runs, and what the kernel does between them. */
export const KernelPlanSchema = strict({
  /** Once a user: operands over the behaviours. */
  user: v.picklist(["kernel_user", "kernel_user_fresh"]),
  /** Once for each chunk of candidates: queries. */
  query: v.literal("kernel_query"),
  /** Once for each chunk of candidates: from what was pooled to labels. */
  head: v.picklist(["kernel_head", "kernel_head_fresh"]),
  products: v.pipe(v.array(ProductSchema), v.minLength(1)),
  /** Every search of the model. */
  searches: v.pipe(v.array(KernelSearchSchema), v.minLength(1)),
  /** The other attends stand in the head's graph. */
  attends: v.array(KernelAttendSchema),
});

export const KernelSchema = v.variant("runs", [
  /** In words, for people. */
  strict({ runs: v.literal(false), because: v.string() }),
  strict({
    runs: v.literal(true),
    /** As `rank` and `request` read tables. */
    cached: KernelPlanSchema,
    /** As `rank_fresh` and `request_fresh`, where a table is stale; null: there are no such graphs. */
    fresh: v.nullable(KernelPlanSchema),
  }),
]);

export type KernelSpec = v.InferOutput<typeof KernelSchema>;
export type KernelPlanSpec = v.InferOutput<typeof KernelPlanSchema>;
export type KernelOperand = v.InferOutput<typeof OperandSchema>;
export type KernelProduct = v.InferOutput<typeof ProductSchema>;
export type KernelSearch = v.InferOutput<typeof KernelSearchSchema>;
export type KernelAttend = v.InferOutput<typeof KernelAttendSchema>;
