// The blocks of the language: what each is for, its settings, and the blocks inside it.
import type { SectionKeyword } from "../../grammar/ast.ts";
import {
  type Arguments,
  call,
  choice,
  duration,
  flag,
  integer,
  integers,
  maxWidth,
  mostKept,
  optional,
  real,
  reference,
  references,
  required,
  requiredUnless,
  type Signature,
  signature,
  unnamed,
} from "./signature.ts";
import { averages, lengths, optimisers, schedules, stops } from "./training.ts";
import { wanted } from "./wanted.ts";

export interface BlockKind<A extends Arguments = Arguments> extends Signature<A> {
  /** Whether the section carries a name; those that do not can stand only once. */
  readonly named: boolean;
  /** What the members that are not settings declare: `item` and its like hold nothing but features. */
  readonly declares: "features" | null;
  /** Nested blocks, with what their members are. */
  readonly blocks: Readonly<Record<string, NestedBlock>>;
}

/** Declarations, or settings; a block of settings may have the name of a setting, whose value says the same in short. */
export type NestedBlock =
  | { readonly doc: string; readonly declares: "features" | "tasks" | "weights" }
  | (Signature & { readonly declares: "settings" });

/** What `embeddings:` of a metric may name. */
export const embeddingsKinds = {
  shared: signature("The tables of the features.", {}),
  own: signature("Tables of the metric's own, for the attention only (DARE).", {
    dim: unnamed(required(integer(1, maxWidth), "Columns of each own table.")),
  }),
} as const;

/** What `cluster:` of a history may name. */
export const clusterKinds = {
  kmeans: signature("Clusters a user's behaviours by recursive k-means (TWIN V2).", {
    on: unnamed(required(reference(wanted.itemVector), "The vector that is clustered.")),
    within: optional(
      reference(wanted.crossFeature),
      null,
      "Behaviours are first grouped by this feature, as by completion.",
    ),
    size: required(integer(1, 1_000_000), "Members of a cluster at most."),
  }),
} as const;

const features = (doc: string): BlockKind<Record<never, never>> => ({
  ...signature(doc, {}),
  named: false,
  declares: "features",
  blocks: {},
});
const stage = <const A extends Arguments>(doc: string, args: A, blocks: BlockKind["blocks"] = {}): BlockKind<A> => ({
  ...signature(doc, args),
  named: true,
  declares: null,
  blocks,
});

const history = stage(
  "A list of behaviours of the user, newest first.",
  {
    of: required(reference(wanted.item), "What the behaviours are about."),
    // Positions are counted in float32, which holds whole numbers to 2^24.
    max: required(integer(1, 1_000_000), "The newest `max` behaviours count."),
    cluster: optional(
      call("a clustering", clusterKinds),
      null,
      "Keep clusters of behaviours instead of behaviours (TWIN V2).",
    ),
  },
  {
    cross: { doc: "What is known of the user and one past item.", declares: "features" },
    stats: {
      doc: "What is counted of the behaviours beside a candidate: inputs of towers, over the newest `max`.",
      declares: "features",
    },
  },
);

const metric = stage("How much a past behaviour matters to the candidate: multi-head target attention's score.", {
  query: required(
    references(wanted.query),
    "What is known of the candidate's item, and of the request where that is to join.",
  ),
  keys: required(
    references(wanted.keys),
    "What is known of the past item: the same features of `item`; cross features too where they are projected with it.",
  ),
  bias: optional(references(wanted.crossFeatures), null, "Cross features that add one number per head."),
  match: optional(
    references(wanted.itemCategory),
    null,
    "Features of `item` that add one number per head where candidate and behaviour agree; of tags, any in common.",
  ),
  heads: optional(integer(1, 256), 1, "Attention heads."),
  dim: required(integer(1, maxWidth), "Width of one head."),
  embeddings: optional(
    call("`shared` or `own(dim)`", embeddingsKinds),
    null,
    "Tables the score reads: `shared` unless said.",
  ),
});

const search = stage("The cheap stage: keeps the behaviours that matter most to a candidate.", {
  from: required(reference(wanted.history), "Where it searches."),
  by: required(reference(wanted.metric), "What it ranks by."),
  keep: required(integer(1, mostKept), "How many behaviours it keeps."),
  heads: optional(choice("round_robin", "per_head", "max"), "round_robin", "How the heads' rankings become one list."),
});

const attend = stage("The exact stage: attention over what the search kept.", {
  over: required(references(wanted.over), "What it attends to; several lists where its `by` takes them."),
  by: required(reference(wanted.metric), "What it weighs by."),
  values: optional(integer(1, maxWidth), null, "Width of a value per head; the metric's `dim` unless said."),
  out: optional(integer(1, maxWidth), null, "Width of the result; heads times values unless said."),
  keys: optional(choice("auto", "fresh", "cached"), "auto", "Whether keys and values, or codes, come from a table."),
  value: optional(choice("plain", "product"), "plain", "`product` multiplies values with the candidate (DARE)."),
  product: optional(flag, false, "Gives out the result and, beside it, its product with the projected candidate."),
  strength: optional(flag, false, "Gives out besides how strongly it was met: log-sum-exp and maximum of its scores."),
});

const tower = stage(
  "The network on top, and what it predicts.",
  {
    input: requiredUnless("wide", references(wanted.input), "What is concatenated."),
    wide: optional(
      references(wanted.wide),
      null,
      "What adds to the logits by itself: a number for each row of a feature, a weight for each number, all 0 at the start.",
    ),
    hidden: requiredUnless("wide", integers(1, maxWidth, true), "Widths of the hidden layers, which `input` needs."),
    activation: optional(choice("relu", "prelu", "dice", "gelu"), "relu", "After each hidden layer."),
    dropout: optional(real({ min: 0, below: 1 }), 0, "Share of the hidden units left out while training."),
    norm: optional(choice("none", "layer", "batch"), "none", "Normalisation ahead of each activation."),
    cross: optional(integer(0, 16), 0, "DCN-v2 layers ahead of the hidden ones."),
    experts: optional(integer(0, 256), 0, "Experts that the tasks mix (MMoE); 0: one trunk for all."),
  },
  {
    predict: { doc: "The labels, one member each.", declares: "tasks" },
    score: {
      doc: "What candidates are ordered by: a weight for each label, of the logarithm of its probability.",
      declares: "weights",
    },
  },
);

const table = stage("What is computed ahead of requests and read by the item's key.", {
  of: required(references(wanted.tableParts), "The columns of a row, in this order."),
  precision: optional(choice("float32", "float16", "uint8"), "float32", "How numbers are stored."),
  coverage: optional(real({ above: 0, max: 1 }), 1, "Share of behaviours that the table must find."),
  min_count: optional(integer(0, 1_000_000_000), 0, "Occurrences that an item needs to get a row."),
  refresh: optional(duration({ above: 0 }), null, "How often the table is built anew."),
  shards: optional(integer(1, 65_536), 1, "Files that the rows are spread over."),
  on_miss: optional(choice("mask", "zero", "compute"), "mask", "What an item without a row is."),
});

const training = signature("How the model learns.", {
  embeddings: optional(
    call("an optimiser", optimisers),
    null,
    "Optimiser of the embedding tables: adagrad(rate: 0.05) unless said.",
  ),
  dense: optional(call("an optimiser", optimisers), null, "Optimiser of all else: adam(rate: 1e-3) unless said."),
  batch: optional(integer(1, 10_000_000), 512, "Samples a step."),
  epochs: optional(integer(1, 1_000_000), 1, "Passes over the data."),
  renew: optional(
    choice("none", "embeddings"),
    "none",
    "`embeddings`: large tables begin anew with each epoch, so that a second one does not learn rows by heart.",
  ),
  schedule: optional(call("a schedule", schedules), null, "How the rate changes: constant unless said."),
  clip: optional(real({ above: 0 }), null, "Largest norm of the gradient."),
  l2: optional(real({ min: 0 }), 0, "Pull of embedding rows of the batch towards 0; as a block, of all else, too."),
  average: optional(call("an average", averages), null, "Average over the steps that is evaluated and exported."),
  cold: optional(real({ min: 0, below: 1 }), 0, "Share of the samples that train with an empty history."),
  group: optional(
    integer(1, 1024),
    1,
    "Samples of one user, at most, that stay side by side where an epoch is put in a new order: what they have in common is computed once.",
  ),
  length: optional(
    call("a distribution of lengths", lengths),
    null,
    "How many of a sample's newest behaviours a step sees: all unless said.",
  ),
  stop: optional(
    call("`stop(after, on)` or `none`", stops),
    null,
    "When to end early, and by what the best weights are kept: stop(3, on: logloss) unless said, and never within an epoch then.",
  ),
  seed: optional(integer(0, 2 ** 32 - 1), 1, "Seed of every random choice."),
});

/** `l2` of `train` as a block. */
const decay = signature(
  "How strongly parameters are pulled towards 0: their gradients gain the parameter times this.",
  {
    embeddings: optional(real({ min: 0 }), 0, "Of embeddings: rows that the batch touches."),
    dense: optional(real({ min: 0 }), 0, "Of projections and towers."),
  },
);

export const blocks = {
  item: features("What an item is, whoever looks at it: inherent features only."),
  user: features("What is known of the user."),
  context: features("What is known of the request."),
  candidate: features("What is known of one candidate in this request, and must not be cached."),
  history,
  metric,
  search,
  attend,
  tower,
  table,
  train: { ...training, named: false, declares: null, blocks: { l2: { ...decay, declares: "settings" } } },
} as const satisfies Readonly<Record<SectionKeyword, BlockKind>>;
