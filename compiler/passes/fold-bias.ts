// Rewrite 2: the bias of a categorical cross feature as a table of numbers.
import { ruled } from "./pass.ts";
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
  "no bias is computed from a looked-up embedding",
  (value, inputs, context) => {
    if (value.node.op !== "matmul" || value.shape[value.shape.length - 1] !== 1) return null;
    return tabled(inputs[0], inputs[1], context.biasTable, pays);
  },
);

/** Pooling scalars is cheaper than pooling rows and multiplying. */
function pays({ tags, width, heads }: Widths): boolean {
  return tags === 0 || 2 * tags * heads < 2 * tags * width + width * heads;
}
