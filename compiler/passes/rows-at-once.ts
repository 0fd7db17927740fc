// A plan that pays: single rows that meet the same matrix stand in one product.
import { builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Products of a row for each head and candidate, or row of a batch, with a matrix for each head.
 *  1. x [A, B, 1, w] · W [A, 1, w, n]  →  (x as [A, B, w]) · (W as [A, w, n]), as [A, B, 1, n]
 *  2. W [A, 1, n, w] · x [A, B, w, 1]  →  (x as [A, B, w]) · Wᵀ, as [A, B, n, 1]
 * A product for each head takes the place of one for each head and row. The same sums are added up: equal up to rounding.
 */
export const rowsAtOnce = ruled(
  "rows-at-once",
  { keeps: "rounding", ensures: nowhere("does a matrix meet its rows one by one", oneByOne) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || value.shape.length !== 4) {
      return null;
    }
    const [left, right] = inputs;
    if (left.shape.length !== 4 || right.shape.length !== 4 || left.shape[0] !== right.shape[0]) {
      return null;
    }
    const at = builder(value.node.scope, value.node.doc);
    if (left.shape[2] === 1 && right.shape[1] === 1 && left.shape[1] !== 1) {
      return at.unsqueeze(at.matmul(at.squeeze(left, 2), at.squeeze(right, 1)), 2);
    }
    if (right.shape[3] === 1 && left.shape[1] === 1 && right.shape[1] !== 1) {
      return at.unsqueeze(at.matmul(at.squeeze(right, 3), at.transpose(at.squeeze(left, 1), [0, 2, 1])), 3);
    }
    return null;
  },
);

/** Many single rows on one side, and on the other one matrix a head for all of them. */
function oneByOne({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || shape.length !== 4 || shape[1] === 1) {
    return false;
  }
  const [left, right] = node.inputs;
  if (left.shape.length < 4 || right.shape.length < 4 || left.shape[0] !== right.shape[0]) {
    return false;
  }
  return (shape[2] === 1 && right.shape[1] === 1) || (shape[3] === 1 && left.shape[1] === 1);
}
