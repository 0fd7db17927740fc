// Rewrite 1: β into w.
import { builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { isFixed, isFixedNumber } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Folds β into w (semantics.md 1, rewrite 1).
 *  1. (x W) · s  →  x (W · s)   when W and the one number s are fixed, and x is not
 * Scores stay equal up to rounding; a multiplication a behaviour and head falls away. w and β train as two parameters and
 * serve as one.
 */
export const foldBeta = ruled(
  "fold-beta",
  { keeps: "rounding", ensures: nowhere("is a product scaled by a fixed number", scaled) },
  (value, inputs) => {
    if (value.node.op !== "mul") {
      return null;
    }
    const [a, b] = inputs;
    const [product, scale] = isFixedNumber(b) ? [a, b] : [b, a];
    if (product.node.op !== "matmul" || !isFixedNumber(scale) || scale.shape.length > product.shape.length) {
      return null;
    }
    const [x, weight] = product.node.inputs;
    if (!isFixed(weight) || isFixed(x)) {
      return null;
    }
    const at = builder(product.node.scope, product.node.doc);
    return at.matmul(x, at.mul(weight, scale));
  },
);

function scaled(value: Value): boolean {
  if (value.node.op !== "mul" || isFixed(value)) {
    return false;
  }
  const [product] = value.node.inputs.filter(isProjection);
  const adds = (one: Value) => one.shape.length > product.shape.length;
  return product !== undefined && value.node.inputs.some((one) => isFixedNumber(one) && !adds(one));
}

const isProjection = ({ node }: Value): boolean => node.op === "matmul" && isFixed(node.inputs[1]);
