// What `by:` may name besides a metric block: kinds of relevance, with the stages that can use them.
import {
  choice,
  integer,
  integers,
  maxWidth,
  optional,
  reference,
  required,
  type Signature,
  signature,
  unnamed,
} from "./signature.ts";
import { wanted } from "./wanted.ts";

export interface ByKind extends Signature {
  readonly stages: readonly ("search" | "attend")[];
}

const both = ["search", "attend"] as const;
const attendOnly = ["attend"] as const;

export const byKinds = {
  match: {
    ...signature("Behaviours whose item agrees with the candidate in one feature (SIM hard).", {
      feature: unnamed(
        required(reference(wanted.itemCategory), "The feature that must agree; of tags, any in common."),
      ),
    }),
    stages: both,
  },
  inner_product: {
    ...signature("Inner product of raw vectors (SIM soft).", {
      feature: unnamed(required(reference(wanted.itemVector), "The vector, usually a pretrained one.")),
    }),
    stages: both,
  },
  cluster: {
    ...signature("Behaviours in the candidate's k-means cluster (SIM cluster).", {
      feature: unnamed(required(reference(wanted.itemVector), "The vector that is clustered.")),
      groups: required(integer(2, 100_000_000), "How many clusters."),
    }),
    stages: both,
  },
  hamming: {
    ...signature("Hamming distance of random-projection bits (ETA).", {
      of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
      bits: required(integer(1, 4096), "Bits of a code."),
    }),
    stages: both,
  },
  collision: {
    ...signature("Sums over behaviours whose hashes collide with the candidate's (SDIM).", {
      of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
      hashes: required(integer(1, 4096), "Hashes altogether."),
      width: required(integer(1, 16), "Hashes of one group, which must all agree."),
      normalize: optional(choice("l2", "none"), "l2", "What is done to every bucket's sum."),
    }),
    stages: attendOnly,
  },
  mlp: {
    ...signature("A small network on candidate and behaviour (DIN).", {
      hidden: required(integers(1, maxWidth), "Widths of its hidden layers."),
    }),
    stages: attendOnly,
  },
  mean: { ...signature("The mean of all behaviours.", {}), stages: attendOnly },
} as const satisfies Readonly<Record<string, ByKind>>;

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
