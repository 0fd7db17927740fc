// A plan that pays: (weights · K) W instead of weights · (K W), where the counted multiply-adds fall.
import { builder } from "../ir/build.ts";
import type { Shape, Value } from "../ir/graph.ts";
import { ops } from "../ir/ops.ts";
import { broadcastShapes } from "../ir/shape.ts";
import { isFixed } from "./fixed.ts";
import { type Context, nowhere, ruled } from "./pass.ts";

/**
 * Products in the order that costs less, for attention over behaviours that differ from candidate to candidate.
 *  1. p (K W)        →  (p K) W               W fixed: attention weights meet the wide rows, and one row a head is projected
 *  2. p (V + K W)    →  p V + (p K) W          the cached part of the values stays apart
 *  3. (K W) q        →  K (W q)                W fixed: the query is taken back to the width of the items, once a candidate
 * Costs are counted for requests of `usual` size. Sums are added up in another order: equal up to rounding.
 */
export const reassociate = ruled(
  "reassociate",
  { keeps: "rounding", ensures: nowhere("is a product of three cheaper in the other order", dearer) },
  (value, inputs, context) => {
    if (value.node.op !== "matmul") {
      return null;
    }
    const [left, right] = inputs;
    const at = builder(value.node.scope, value.node.doc);
    if (right.node.op === "matmul" && isFixed(right.node.inputs[1]) && !isFixed(left)) {
      const [keys, weight] = right.node.inputs;
      return cheaper(context, [left, keys, weight]) === "left" ? at.matmul(at.matmul(left, keys), weight) : null;
    }
    if (right.node.op === "add" && !isFixed(left)) {
      const [a, b] = right.node.inputs;
      const product = [a, b].find(
        (part) => part.node.op === "matmul" && isFixed(part.node.inputs[1]) && !isFixed(part),
      );
      const rest = product === a ? b : a;
      if (product === undefined || product.shape.join() !== rest.shape.join()) {
        return null;
      }
      const [keys, weight] = product.node.inputs;
      if (cheaper(context, [left, keys, weight]) !== "left") {
        return null;
      }
      return at.add(at.matmul(left, rest), at.matmul(at.matmul(left, keys), weight));
    }
    if (left.node.op === "matmul" && isFixed(left.node.inputs[1]) && !isFixed(right)) {
      const [keys, weight] = left.node.inputs;
      return cheaper(context, [keys, weight, right]) === "right" ? at.matmul(keys, at.matmul(weight, right)) : null;
    }
    return null;
  },
);

/** Which of (a b) c and a (b c) costs less: `left` or `right`; null where a size is not known or they cost the same. */
function cheaper({ usual }: Context, [a, b, c]: readonly [Value, Value, Value]): "left" | "right" | null {
  if ([a, b, c].some((value) => value.shape.length < 2)) {
    return null;
  }
  const left = product(a.shape, b.shape, usual) + product(productShape(a.shape, b.shape), c.shape, usual);
  const right = product(b.shape, c.shape, usual) + product(a.shape, productShape(b.shape, c.shape), usual);
  if (Number.isNaN(left) || Number.isNaN(right) || left === right) {
    return null;
  }
  return left < right ? "left" : "right";
}

function productShape(a: Shape, b: Shape): Shape {
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), a[a.length - 2], b[b.length - 1]];
}

function product(a: Shape, b: Shape, usual: Context["usual"]): number {
  const dims = [...productShape(a, b), a[a.length - 1]];
  return dims.reduce<number>((count, dim) => count * (typeof dim === "number" ? dim : (usual(dim) ?? Number.NaN)), 1);
}

/** p (K W) or (K W) q that the operators' own costs put above the other order. */
function dearer({ node }: Value, { usual }: Context): boolean {
  if (node.op !== "matmul") {
    return false;
  }
  const [left, right] = node.inputs;
  const of = (a: Shape, b: Shape) => {
    const sizes = [a, b, productShape(a, b)].map((shape) =>
      shape.map((dim) => (typeof dim === "number" ? dim : (usual(dim) ?? Number.NaN))),
    );
    return ops.matmul.cost([sizes[0], sizes[1]], sizes[2], {});
  };
  const inner = (x: Value) => x.node.op === "matmul" && isFixed(x.node.inputs[1]) && !isFixed(x);
  if (inner(right) && !isFixed(left)) {
    const [keys, weight] = right.node.inputs.map(({ shape }) => shape);
    const other = of(left.shape, keys) + of(productShape(left.shape, keys), weight);
    return other < of(keys, weight) + of(left.shape, right.shape);
  }
  if (!inner(left) || isFixed(right)) {
    return false;
  }
  const [keys, weight] = left.node.inputs.map(({ shape }) => shape);
  const other = of(weight, right.shape) + of(keys, productShape(weight, right.shape));
  return other < of(keys, weight) + of(left.shape, right.shape);
}
