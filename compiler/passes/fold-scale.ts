// Rewrite 3: 1/√d into the query's weight.
import { builder, make } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { isFixed, isFixedNumber } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Folds 1/√d into W^q (semantics.md 1, rewrite 3).
 *  1. (K (q W^q)ᵀ) / c  →  K (q (W^q / c))ᵀ   when c is a fixed number and the weight a metric's query
 * The division goes down through products and reorderings of axes to the query's weight, never to the keys': those are
 * what a table holds. Scores stay equal up to rounding; a division a candidate, behaviour and head falls away.
 */
export const foldScale = ruled(
  "fold-scale",
  { keeps: "rounding", ensures: nowhere("is a score divided by a fixed number", dividedAfter) },
  (value, inputs) => {
    if (value.node.op !== "div" || !isFixedNumber(inputs[1]) || inputs[1].shape.length > 0) {
      return null;
    }
    return divided(inputs[0], inputs[1]);
  },
);

function divided(value: Value, by: Value): Value | null {
  const { node } = value;
  switch (node.op) {
    case "unsqueeze":
    case "squeeze":
    case "transpose":
    case "reshape": {
      const inner = divided(node.inputs[0], by);
      return inner && make(node.op, [inner], node.attributes, node);
    }
    case "matmul": {
      const [left, right] = node.inputs;
      const at = builder(node.scope, node.doc);
      if (isFixed(right)) {
        return readsQuery(right) ? at.matmul(left, at.div(right, by)) : null;
      }
      const onRight = divided(right, by);
      if (onRight) {
        return at.matmul(left, onRight);
      }
      const onLeft = divided(left, by);
      return onLeft && at.matmul(onLeft, right);
    }
    default:
      return null;
  }
}

/** Whether the fixed value is made of a metric's query weight. */
function readsQuery(value: Value): boolean {
  const parameter = made(value, "parameter");
  return parameter ? parameter.role === "query" : value.node.inputs.some(readsQuery);
}

/** A product divided afterwards, of which one side is a query. */
function dividedAfter({ node }: Value): boolean {
  if (node.op !== "div" || !isFixedNumber(node.inputs[1]) || node.inputs[1].shape.length > 0) {
    return false;
  }
  let product = node.inputs[0];
  while (product.node.op !== "matmul") {
    if (!layout.has(product.node.op)) {
      return false;
    }
    product = product.node.inputs[0];
  }
  return !isFixed(product) && product.node.inputs.some(projectsQuery);
}

const layout: ReadonlySet<string> = new Set(["unsqueeze", "squeeze", "transpose", "reshape"]);

function projectsQuery({ node }: Value): boolean {
  if (layout.has(node.op)) {
    return projectsQuery(node.inputs[0]);
  }
  return node.op === "matmul" && isFixed(node.inputs[1]) && readsQuery(node.inputs[1]);
}
