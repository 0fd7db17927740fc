// Rewrite 5: W^v and W^o as one, where that is cheaper.

import { builder } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { isFixed } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Merges W^v_a with its rows of W^o (semantics.md 1, rewrite 5).
 *  1. concat_a(p_a (K W^v_a)) W^o  →  Σ_a p_a (K (W^v_a W^o_a))   when both weights are fixed and W^o is no wider than a head
 * With `out` at most the width of a value, projecting, attending and joining each cost no more than before. A value
 * table holds K W^v_a itself: below it there is nothing to merge with, and the rule does not fit.
 */
export const mergeOutput = ruled(
  "merge-output",
  { keeps: "rounding", ensures: nowhere("is an output projected twice where once is cheaper", projectedTwice) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || !isFixed(inputs[1])) {
      return null;
    }
    const [side, weight] = inputs;
    const heads = side.node.op === "reshape" && sideBySide(side.node.inputs[0]);
    if (!heads) {
      return null;
    }
    const pairwise = made(heads, "squeeze")?.axes.join() === "2";
    const product = pairwise ? heads.node.inputs[0] : heads;
    if (product.node.op !== "matmul") {
      return null;
    }
    const [weights, values] = product.node.inputs;
    const [count, width] = [knownDim(heads, 0), knownDim(heads, 2)];
    const out = knownDim(weight, 1);
    if (out > width || side.shape[1] !== count * width) {
      return null;
    }
    const at = builder(value.node.scope, value.node.doc);
    const merged = merge(values, at.reshape(weight, [count, width, out]));
    if (!merged) {
      return null;
    }
    const perHead = at.matmul(weights, merged);
    return at.sum(pairwise ? at.squeeze(perHead, 2) : perHead, [0]);
  },
);

/** [A, R, v] of the transpose that puts heads side by side. */
function sideBySide(value: Value): Value | null {
  const order = made(value, "transpose")?.permutation.join();
  return order === "1,0,2" ? value.node.inputs[0] : null;
}

/** Values [A, …, v] times W^o_a [A, v, out], taken into the fixed weights that made them. */
function merge(values: Value, output: Value): Value | null {
  const { node } = values;
  const at = builder(node.scope, node.doc);
  if (isFixed(values)) {
    return values.shape.length === 3 ? at.matmul(values, output) : null;
  }
  switch (node.op) {
    case "add": {
      const [a, b] = node.inputs.map((operand) => merge(operand, output));
      return a && b && at.add(a, b);
    }
    case "gather": {
      const inner = node.attributes.axis === 1 ? merge(node.inputs[0], output) : null;
      return inner && at.gather(inner, node.inputs[1], 1);
    }
    case "matmul": {
      const [x, weight] = node.inputs;
      if (!isFixed(weight)) {
        return null;
      }
      return at.matmul(x, at.matmul(weight, weight.shape.length === 4 ? at.unsqueeze(output, 1) : output));
    }
    default:
      return null;
  }
}

/** Heads side by side, of values that a fixed weight makes right below and that are no narrower than the output. */
function projectedTwice({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || !isFixed(node.inputs[1]) || node.inputs[0].node.op !== "reshape") {
    return false;
  }
  const [turned] = node.inputs[0].node.inputs;
  if (made(turned, "transpose")?.permutation.join() !== "1,0,2") {
    return false;
  }
  let [attended] = turned.node.inputs;
  if (made(attended, "squeeze")?.axes.join() === "2") {
    [attended] = attended.node.inputs;
  }
  if (attended.node.op !== "matmul") {
    return false;
  }
  const [, values] = attended.node.inputs;
  const [out, width] = [shape, attended.shape].map((dims) => Number(dims[dims.length - 1]));
  return out <= width && values.node.op === "matmul" && isFixed(values.node.inputs[1]) && !isFixed(values);
}
