// A plan that pays: the user's side of a tower once a request.

import { builder } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { isFixed } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Computes the user's side of a product once a request instead of once a candidate.
 *  1. [c, repeat(u)] W  →  c W_c + u W_u        when W is fixed, u is one row and at least `leastWidth` wide
 *  2. repeat(u) W       →  repeat(u W)
 * The multiply-adds of u fall from once a candidate to once; a sum a candidate comes in, so that it pays from two
 * candidates on. Fits the first layer of a tower, its gates and its first cross layer.
 */
export const userOnce = ruled(
  "user-once",
  { keeps: "rounding", ensures: nowhere("does a product repeat the user's side", repeats) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || !isFixed(inputs[1]) || inputs[1].shape.length !== 2) {
      return null;
    }
    const [x, weight] = inputs;
    const at = builder(value.node.scope, value.node.doc);
    const whole = repeated(x);
    if (whole) {
      return at.gather(at.matmul(whole, weight), x.node.inputs[1]);
    }
    const joined = made(x, "concat");
    if (joined?.axis !== 1 || x.shape.length !== 2) {
      return null;
    }
    const users: { part: Value; row: Value; weight: Value }[] = [];
    const others: { part: Value; weight: Value }[] = [];
    let start = 0;
    for (const part of x.node.inputs) {
      const end = start + knownDim(part, 1);
      const row = repeated(part);
      const own = at.slice(weight, 0, start, end);
      if (row === null) {
        others.push({ part, weight: own });
      } else {
        users.push({ part, row, weight: own });
      }
      start = end;
    }
    const width = users.reduce((sum, { part }) => sum + knownDim(part, 1), 0);
    if (width < leastWidth) {
      return null;
    }
    const join = (values: readonly Value[], axis: number) =>
      values.length === 1 ? values[0] : at.concat(values, axis);
    const user = at.matmul(
      join(
        users.map(({ row }) => row),
        1,
      ),
      join(
        users.map((column) => column.weight),
        0,
      ),
    );
    if (others.length === 0) {
      return at.gather(user, users[0].part.node.inputs[1]);
    }
    const own = at.matmul(
      join(
        others.map(({ part }) => part),
        1,
      ),
      join(
        others.map((column) => column.weight),
        0,
      ),
    );
    return at.add(own, user);
  },
);

/** Below this the sum costs as much as the product saves. */
export const leastWidth = 3;

/** The one row that a look-up repeats. */
function repeated(value: Value): Value | null {
  if (made(value, "gather")?.axis !== 0 || isFixed(value)) {
    return null;
  }
  const [row] = value.node.inputs;
  return row.shape.length === 2 && row.shape[0] === 1 && !isFixed(row) ? row : null;
}

/** Columns that are one row for all candidates, and as many as pay, before a fixed matrix. */
function repeats({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || shape.length !== 2 || !isFixed(node.inputs[1])) {
    return false;
  }
  const [x] = node.inputs;
  const alike = ({ node: { op, inputs }, shape: [, columns] }: Value) =>
    op === "gather" && inputs[0].shape.join() === [1, columns].join() && !isFixed(inputs[0]);
  if (alike(x)) {
    return true;
  }
  if (x.node.op !== "concat") {
    return false;
  }
  return x.node.inputs.filter(alike).reduce((width, { shape }) => width + Number(shape[1]), 0) >= leastWidth;
}
