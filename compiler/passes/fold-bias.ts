// Rewrite 2: the bias of a categorical cross feature as a table of numbers.
import type { Value } from "../ir/graph.ts";
import { elements, isFixed } from "./fixed.ts";
import { type Context, nowhere, ruled } from "./pass.ts";
import { tabled, type Widths } from "./tabled.ts";

/**
 * Turns the bias of a categorical cross feature into a table of one number a row and head (semantics.md 1, rewrite 2).
 *  1. gather(E, row) w      →  gather(E w, row)      when E and w are fixed and rows × heads stays within `biasTable`
 *  2. pooled tags of these  →  pooled scalar rows    where the counted multiply-adds fall
 *  3. slices of either      →  slices of the scalars
 * Numbers and vectors stay x (w β). An embedding that is held outside the graph stays as it is: its rows are an input.
 * Scores stay equal up to rounding; the search then touches no embedding of such a feature. Rule 2 decides by the widths
 * alone, so that the search adds up what its yardstick adds up: where an attention's values pool the same rows as well,
 * pooling the scalars beside them may cost up to heads × (2 × tags − width) more a behaviour than the product would.
 */
export const foldBias = ruled(
  "fold-bias",
  { keeps: "rounding", ensures: nowhere("is a bias computed from a looked-up embedding", multipliedOut) },
  (value, inputs, context) => {
    if (value.node.op !== "matmul" || value.shape[value.shape.length - 1] !== 1) {
      return null;
    }
    return tabled(inputs[0], inputs[1], context.biasTable, pays);
  },
);

/** Pooling scalars is cheaper than pooling rows and multiplying. */
function pays({ tags, width, heads }: Widths): boolean {
  return tags === 0 || 2 * tags * heads < 2 * tags * width + width * heads;
}

/** One number a head, from rows of a table inside the graph that may be multiplied out. */
function multipliedOut({ node, shape }: Value, { biasTable }: Context): boolean {
  if (node.op !== "matmul" || shape[shape.length - 1] !== 1 || node.inputs[0].node.op !== "unsqueeze") {
    return false;
  }
  const [read] = node.inputs[0].node.inputs;
  const [table] = read.node.inputs;
  const heads = Number(shape[0]);
  return (
    read.node.op === "gather" &&
    isFixed(table) &&
    !isFixed(read) &&
    (heads * elements(table)) / Number(table.shape[1]) <= biasTable
  );
}
