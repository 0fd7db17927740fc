// A plan that pays: keys of a whole history projected once for each of the batch's items, and read where they stand.
import { builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { isFixed, made } from "../passes/fixed.ts";
import { ruled } from "../passes/pass.ts";

/** How much wider than a projected key an item has to be. Below, the query is taken back to the items' width. */
const worthwhile = 2;

/**
 * Scores by keys that are projected once an item; X [items, w], W [A, 1, w, d] fixed, q [A, B, d, 1].
 *  1. (gather(X, i) W) · q  →  gather(X W, i) · Q   with the heads side by side in a row of X W, and in Q [B, A·d, A] the
 *                                                   query of each head over its own columns, zeros elsewhere
 * Of the product A times the multiply-adds are zeros; in turn no key is copied to bring its head in front. Scores stay
 * equal up to rounding.
 */
export const itemsOnce = ruled("items-once", "no item is projected behaviour by behaviour", (value, inputs) => {
  if (value.node.op !== "matmul" || value.shape.length !== 4) return null;
  const [keys, query] = inputs;
  if (keys.node.op !== "matmul" || query.shape[3] !== 1) return null;
  const [rows, weight] = keys.node.inputs;
  const looked = made(rows, "unsqueeze")?.axes.join() === "0" ? rows.node.inputs[0] : null;
  if (looked === null || made(looked, "gather")?.axis !== 0 || looked.shape.length !== 3) return null;
  const [items, index] = looked.node.inputs;
  if (!isFixed(weight) || isFixed(items) || items.shape.length !== 2 || weight.shape[1] !== 1) return null;
  const [heads, , width, dim] = weight.shape as readonly number[];
  if (width < worthwhile * heads * dim) return null;
  const at = builder(keys.node.scope, keys.node.doc);
  const side = at.reshape(at.transpose(at.squeeze(weight, 1), [1, 0, 2]), [width, heads * dim]);
  const read = at.gather(at.matmul(items, side), index);
  return at.unsqueeze(at.transpose(at.matmul(read, blocks(at, query, heads, dim)), [2, 0, 1]), 3);
});

/** q [A, B, d, 1] → [B, A·d, A]: each head's query in its own rows and column. */
function blocks(at: ReturnType<typeof builder>, query: Value, heads: number, dim: number): Value {
  const batch = query.shape[1];
  const side = at.reshape(at.transpose(at.squeeze(query, 3), [1, 0, 2]), [batch, heads * dim, 1]);
  if (heads === 1) return side;
  const own = Float32Array.from({ length: heads * dim * heads }, (_, i) =>
    Number(Math.floor(i / heads / dim) === i % heads),
  );
  return at.mul(side, at.constant({ dtype: "float32", shape: [heads * dim, heads], data: own }));
}
