// Bucket edges that are not listed one by one: spaced by equal factors, or learned.
import { integer, quantity, required, type Signature, signature, unnamed } from "./signature.ts";

const dimensions = ["count", "duration", "ratio"] as const;
/** More edges than anybody needs, and few enough that exact spacing takes no time. */
const mostEdges = 1000;

export const edgeCalls = {
  log: signature("Edges that each are the same factor above the one before, six digits of each.", {
    from: unnamed(required(quantity({ above: 0 }, ...dimensions), "The first edge.")),
    to: unnamed(required(quantity({ above: 0 }, ...dimensions), "The last edge.")),
    count: unnamed(required(integer(2, mostEdges), "How many edges.")),
  }),
  quantiles: signature("Edges learned on the training part, so that equally many values lie in each bucket.", {
    count: unnamed(required(integer(2, mostEdges), "How many buckets.")),
  }),
} as const satisfies Record<string, Signature>;
