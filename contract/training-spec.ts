// The training contract in `manifest.yaml`, under `train`: what the compiler emits under train/ and how a trainer feeds it.

import * as v from "valibot";
import { strict } from "./named-schema.ts";
import { portFields } from "./port-fields.ts";

/** Samples of a batch whose pairs are compared, at most: each is with each, in a matrix of 64 MB. */
export const mostInPairs = 4096;

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Which optimiser updates a pack or a table, with its constants; the rate is an input. */
export const OptimiserSchema = v.variant("kind", [
  strict({ kind: v.literal("adam"), beta1: v.number(), beta2: v.number(), epsilon: v.number() }),
  strict({ kind: v.literal("adagrad"), epsilon: v.number() }),
  strict({ kind: v.literal("rowwise_adagrad"), epsilon: v.number() }),
  strict({ kind: v.literal("sgd") }),
]);

/**
 * Parameters that travel as one flat float32 vector [size], each at its offset, row-major:
 * `dense` (towers, projections), `small` (embedding tables of few rows), `statistics` (running means and variances).
 */
export const PackSchema = strict({
  name: v.picklist(["dense", "small", "statistics"]),
  size: positive,
  /** State vectors [size] beside it: `m`, `v` of Adam, `s` of AdaGrad (row-wise: one a row, still spread over the row). */
  slots: v.array(v.picklist(["m", "v", "s"])),
  /** Null for statistics, which are measured. */
  optimiser: v.nullable(OptimiserSchema),
  parameters: v.array(strict({ name: v.string(), shape: v.array(positive), offset: natural })),
});

/**
 * An embedding table too large to travel whole: of its rows a step takes the batch's alone, compacted by the host, [U, dim],
 * with their state [U, state], and gives both back. `search` and `score` take the whole table as the same input.
 */
export const SparseTableSchema = strict({
  parameter: v.string(),
  rows: positive,
  dim: positive,
  /** Numbers of state a row: Adam 2·dim (m, then v), AdaGrad dim, row-wise 1, SGD 0. */
  state: natural,
  optimiser: OptimiserSchema,
  /** What its rows are where tables begin anew with an epoch; absent: drawn, as `renew` says. */
  renewed: v.optional(v.literal(0)),
});

const frame = {
  /** Stem of its inputs: `nearest`, `watched`, `watched.last50`. */
  name: v.string(),
  history: v.string(),
};

/** The behaviours that an attend looks at: a list of n a row, gathered by the host. */
export const FrameSchema = v.variant("kind", [
  /** What a search kept. */
  strict({
    kind: v.literal("search"),
    ...frame,
    search: v.string(),
    /** `keep` */
    length: positive,
    /** Lists a row where every head has its own (`per_head`): inputs are [heads, batch, n]; else null: [batch, n]. */
    heads: v.nullable(positive),
  }),
  /** As many as the longest history of the batch has. */
  strict({ kind: v.literal("whole"), ...frame }),
  /** The newest `length`. */
  strict({ kind: v.literal("last"), ...frame, length: positive }),
]);

/**
 * What an input holds. Items are counted in the batch's unique items, of which number 0 is always the unknown item
 * (every feature missing): `item` inputs hold the features of each, `index` inputs count in them. Where a feature reads a
 * sparse table, `step` takes rows counted in the compact table, `search` and `score` take the table's own rows.
 */
export const TrainSourceSchema = v.variant("kind", [
  /** float32 [size] */
  strict({ kind: v.literal("pack"), pack: v.string() }),
  strict({ kind: v.literal("pack-state"), pack: v.string(), slot: v.picklist(["m", "v", "s"]) }),
  /** float32 [rows, dim] */
  strict({ kind: v.literal("table"), parameter: v.string() }),
  /** float32 [rows, state] */
  strict({ kind: v.literal("table-state"), parameter: v.string() }),
  /** The unique items' encoded values of a feature: [items, …shape of one value] */
  strict({ kind: v.literal("item"), feature: v.string() }),
  /** int32 [batch] of the candidate (frame null), [batch, n] of a frame, in unique items */
  strict({ kind: v.literal("index"), frame: v.nullable(v.string()) }),
  /** A cross feature's encoded values in a frame: [batch, n, …shape] */
  strict({ kind: v.literal("cross"), frame: v.string(), feature: v.string() }),
  /** float32 [batch, n]: 1 for a behaviour, 0 for padding */
  strict({ kind: v.literal("valid"), frame: v.string() }),
  /** User, context and candidate features: [batch, …shape] */
  strict({ kind: v.literal("single"), feature: v.string() }),
  /** float32 [batch]; 0 where the label is missing */
  strict({ kind: v.literal("label"), label: v.string() }),
  /** float32 [batch]: the row's share in this task's loss, 0 where the label is missing or undefined; the host normalises */
  strict({ kind: v.literal("label-weight"), label: v.string() }),
  /**
   * float32 [batch, batch]: at [i, j] the share of the pair in this task's loss where i is a positive and j a negative of the
   * same user, else 0; they sum to 1 where there is a pair
   */
  strict({ kind: v.literal("pairs"), label: v.string() }),
  /** float32 [batch]: added to the logit in the loss: − ln of the rate at which negatives were sampled, else 0 */
  strict({ kind: v.literal("offset") }),
  /** float32 []: the learning rate of `dense` or of embeddings */
  strict({ kind: v.literal("rate"), of: v.picklist(["dense", "embeddings"]) }),
  /** float32 []: 1 − beta^t at step t, counted from 1 (Adam's bias correction) */
  strict({ kind: v.literal("correction"), beta: v.number() }),
  /** float32 [batch, width]: 0 with probability `rate`, else 1 / (1 − rate) */
  strict({ kind: v.literal("dropout"), rate: v.number(), width: positive }),
  /** An output of `step` of the same name: what `update` goes on with */
  strict({ kind: v.literal("carried") }),
]);

export const TrainPortSchema = strict({
  ...portFields,
  source: TrainSourceSchema,
});

/** A search by the selection kernel: its scores are query · keys + biases, and what it reads of behaviours the host has. */
export const TrainKernelSearchSchema = strict({
  search: v.string(),
  history: v.string(),
  heads: positive,
  /** Of a head's query and keys. */
  width: positive,
  rule: v.picklist(["round_robin", "per_head"]),
  keep: positive,
  /** Outputs of `operands`: float32 [heads, batch, width]; what scores are divided by is in it. */
  query: v.string(),
  /** float32 [items, heads, width] */
  keys: v.string(),
  /** Each float32 [rows, heads], and the row of a behaviour: Σ value · stride of cross features. */
  biases: v.array(strict({ rows: v.string(), features: v.array(strict({ feature: v.string(), stride: positive })) })),
});

/** What an output holds. */
export const TrainResultSchema = v.variant("kind", [
  /** int32 [batch, keep] or [heads, batch, keep]: positions in the history */
  strict({ kind: v.literal("kept"), search: v.string() }),
  /** float32 []: the loss of the step; float32 [batch]: of each row, before weights */
  strict({ kind: v.literal("loss") }),
  strict({ kind: v.literal("losses") }),
  /** float32 [batch] */
  strict({ kind: v.literal("logit"), label: v.string() }),
  strict({ kind: v.literal("probability"), label: v.string() }),
  /** The new value of the input of that source */
  strict({ kind: v.literal("pack"), pack: v.string() }),
  strict({ kind: v.literal("pack-state"), pack: v.string(), slot: v.picklist(["m", "v", "s"]) }),
  strict({ kind: v.literal("table"), parameter: v.string() }),
  strict({ kind: v.literal("table-state"), parameter: v.string() }),
  /** float32 [heads, batch, history]: the attention's scores over the whole history */
  strict({ kind: v.literal("scores"), search: v.string() }),
  strict({ kind: v.literal("carried") }),
  /** What `kernel` names. */
  strict({ kind: v.literal("operand"), search: v.string() }),
]);

export const TrainGraphSchema = strict({
  file: v.string(),
  inputs: v.array(TrainPortSchema),
  outputs: v.array(strict({ name: v.string(), result: TrainResultSchema })),
});

export const TrainSpecSchema = strict({
  graphs: strict({
    /** Live scores of the whole history → what each row keeps; null: the model searches nothing. */
    search: v.nullable(TrainGraphSchema),
    /** What the selection kernel is given of a batch, to search on the CPU in place of `search`; absent: it does not. */
    operands: v.optional(TrainGraphSchema),
    /** Forward over the frames, loss, backward. */
    step: TrainGraphSchema,
    /**
     * What depends on a scatter-add: run with ONE intra-op thread, because ScatterND (add) loses updates with more.
     * Null where nothing does; then `step` holds the update.
     */
    update: v.nullable(TrainGraphSchema),
    /** Forward over the frames: logits and probabilities. */
    score: TrainGraphSchema,
    /** The attention's scores over the whole history, of every search with a metric; null: none. */
    oracle: v.nullable(TrainGraphSchema),
  }),
  /** Every search of the model, where there are `operands`. */
  kernel: v.optional(v.pipe(v.array(TrainKernelSearchSchema), v.minLength(1))),
  frames: v.array(FrameSchema),
  packs: v.array(PackSchema),
  tables: v.array(SparseTableSchema),
  /** Tables that the data count and no step learns: popularity by the row of a value; absent: none. */
  counted: v.optional(
    v.array(strict({ feature: v.string(), parameter: v.string(), shape: v.tuple([positive, positive]) })),
  ),
  /** Features with the share of their ids that is masked to "unknown" while training. */
  unknown: v.array(strict({ feature: v.string(), share: v.number() })),
  /** Tables begin anew with each epoch, uniform in ±bound (or as `renewed` of theirs says), their state at 0; absent: they go on. */
  renew: v.optional(strict({ bound: v.number() })),
  /** The pack `dense` is evaluated and exported as its exponential moving average; absent: as it stands. */
  average: v.optional(strict({ decay: v.number() })),
  /** Share of the samples that a step takes with an empty history; absent: none. */
  cold: v.optional(v.number()),
  /** Samples of one user that stay side by side in an epoch's order, at most; absent: 1. */
  group: v.optional(positive),
  /** A step sees the newest n behaviours of a sample, n in min … max with a probability that goes by 1 / n; absent: all. */
  length: v.optional(strict({ min: positive, max: positive })),
  tasks: v.array(
    strict({
      label: v.string(),
      kind: v.picklist(["binary", "regression"]),
      /** In the loss (applied in the graph). */
      weight: v.number(),
      /** Share of the loss that is about pairs (applied in the graph); absent: 0. */
      pairs: v.optional(v.number()),
      /** The label that comes before: learned by the product of both probabilities, over all rows (in the graph). */
      through: v.optional(v.string()),
      /** Counts only where this label is one. */
      where: v.nullable(v.string()),
      /** The parameter [1] that starts at the label's base rate in the training part; absent: where it was drawn. */
      bias: v.optional(v.string()),
      /** The parameter that corrects the probability, fitted on the validation part; absent: it is that of the logit. */
      calibrate: v.optional(strict({ kind: v.picklist(["platt", "isotonic"]), parameter: v.string() })),
    }),
  ),
  batch: positive,
  epochs: v.pipe(v.number(), v.minValue(0)),
  rates: strict({ dense: v.number(), embeddings: v.number() }),
  schedule: v.variant("kind", [
    strict({ kind: v.literal("constant") }),
    strict({ kind: v.literal("warmup"), steps: natural }),
    strict({ kind: v.literal("cosine"), steps: natural, warmup: natural }),
  ]),
  /** Null: all steps, and the last weights. */
  stop: v.nullable(
    strict({
      after: positive,
      on: v.picklist(["auc", "gauc", "logloss"]),
      /** The program says nothing of it: no run ends within an epoch of its best step, and none fails for it. */
      implied: v.optional(v.literal(true)),
    }),
  ),
  seed: v.number(),
});

export type TrainSpec = v.InferOutput<typeof TrainSpecSchema>;
export type TrainGraph = v.InferOutput<typeof TrainGraphSchema>;
export type TrainPort = v.InferOutput<typeof TrainPortSchema>;
export type TrainSource = v.InferOutput<typeof TrainSourceSchema>;
export type TrainResult = v.InferOutput<typeof TrainResultSchema>;
export type TrainKernelSearch = v.InferOutput<typeof TrainKernelSearchSchema>;
export type TrainFrame = v.InferOutput<typeof FrameSchema>;
export type Pack = v.InferOutput<typeof PackSchema>;
export type SparseTable = v.InferOutput<typeof SparseTableSchema>;
export type OptimiserSpec = v.InferOutput<typeof OptimiserSchema>;
