// A plan that pays: where all heads read the same rows, they stand as rows of one product instead of as products of their own.

import { type Builder, builder } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { isFixed } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * One product for each candidate instead of one for each head and candidate; K [R, k, c] are rows that no head owns.
 *  1. p [A, R, 1, k] · K   →  (p as [R, A, k]) · K, heads back in front
 *  2. K · x [A, R, c, 1]   →  K · (x as [R, c, A]), heads back in front
 *  3. p [A, R, 1, k] · V, V [A, R, k, v] the heads' columns of rows X [R, k, A·v]
 *                          →  of (p as [R, A, k]) · X, [R, A, A, v], each head's own columns
 * Each row is fetched once, not once a head, and X is not turned round. By rules 1 and 2 the counted multiply-adds stay; by
 * rule 3 those of weighing grow by the number of heads, which costs less than turning X: it is done for at most eight heads.
 * The same sums are added up: equal up to rounding.
 */
export const headsInRows = ruled(
  "heads-in-rows",
  { keeps: "rounding", ensures: nowhere("are rows that heads share multiplied head by head", headByHead) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || value.shape.length !== 4 || value.shape[0] === 1) {
      return null;
    }
    const [left, right] = inputs;
    const at = builder(value.node.scope, value.node.doc);
    const shared = (rows: Value) =>
      made(rows, "unsqueeze")?.axes.join() === "0" && !isFixed(rows) ? rows.node.inputs[0] : null;
    const perHead = (x: Value) =>
      x.shape.length === 4 && x.shape[0] === value.shape[0] && x.shape[1] === value.shape[1];
    const behind = shared(right);
    if (behind && perHead(left) && left.shape[2] === 1) {
      const heads = at.transpose(at.squeeze(left, 2), [1, 0, 2]);
      return at.unsqueeze(at.transpose(at.matmul(heads, behind), [1, 0, 2]), 2);
    }
    const columns = perHead(left) && left.shape[2] === 1 ? columnsOf(right) : null;
    if (columns) {
      return at.unsqueeze(ownColumns(at, at.transpose(at.squeeze(left, 2), [1, 0, 2]), columns), 2);
    }
    const before = shared(left);
    if (before && perHead(right) && right.shape[3] === 1) {
      const heads = at.transpose(at.squeeze(right, 3), [1, 2, 0]);
      return at.unsqueeze(at.transpose(at.matmul(before, heads), [2, 0, 1]), 3);
    }
    return null;
  },
);

const mostHeads = 8;

/** X [R, k, A·v] of the heads' columns [A, R, k, v]. */
function columnsOf(values: Value): Value | null {
  if (made(values, "transpose")?.permutation.join() !== "2,0,1,3" || knownDim(values, 0) > mostHeads) {
    return null;
  }
  const [split] = values.node.inputs;
  if (split.node.op !== "reshape" || isFixed(split)) {
    return null;
  }
  const [rows] = split.node.inputs;
  const [heads, width] = [knownDim(values, 0), knownDim(values, 3)];
  return rows.shape.length === 3 && rows.shape[2] === heads * width ? rows : null;
}

/** p [R, A, k] · X, and of the result [R, A, A·v] the columns of each head: [A, R, v]. */
function ownColumns(at: Builder, weights: Value, rows: Value): Value {
  const [candidates] = weights.shape;
  const heads = knownDim(weights, 1);
  const all = at.reshape(at.matmul(weights, rows), [candidates, heads, heads, knownDim(rows, 2) / heads]);
  const own = Float32Array.from({ length: heads * heads }, (_, i) => Number(Math.floor(i / heads) === i % heads));
  const diagonal = at.constant({ dtype: "float32", shape: [1, heads, heads, 1], data: own });
  return at.transpose(at.sum(at.mul(all, diagonal), [2]), [1, 0, 2]);
}

/** Many heads, one row or column of each, and on the other side the same rows for all. */
function headByHead({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || shape.length !== 4 || shape[0] === 1) {
    return false;
  }
  const [left, right] = node.inputs;
  const alike = ({ node: { op, inputs }, shape: [heads] }: Value) =>
    op === "unsqueeze" && heads === 1 && inputs[0].shape.length === 3 && !isFixed(inputs[0]);
  const own = (x: Value) => x.shape.length === 4 && x.shape[0] === shape[0] && x.shape[1] === shape[1];
  return (own(left) && left.shape[2] === 1 && alike(right)) || (own(right) && right.shape[3] === 1 && alike(left));
}
