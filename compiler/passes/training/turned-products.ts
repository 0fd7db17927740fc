// A plan that pays: no product is turned round, and short products that are added up stand in one.
import { type Builder, builder } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { nowhere, ruled } from "../pass.ts";

/**
 *  1. (a · b)ᵀ         →  bᵀ · aᵀ
 *  2. aᵀ · b + cᵀ · d  →  [a; c]ᵀ · [b; d]   where copying a to d costs less than adding up
 * The same sums are added up, by rule 2 in another order: equal up to rounding.
 */
export const turnedProducts = ruled(
  "turned-products",
  { keeps: "rounding", ensures: nowhere("is a product turned round", turnedAfter) },
  (value, inputs) => {
    if (value.node.op === "transpose") {
      return turnedProduct(value, inputs[0]);
    }
    if (value.node.op !== "add") {
      return null;
    }
    const [left, right] = inputs.map(shortProduct);
    if (left === null || right === null || left.shape.join() !== right.shape.join()) {
      return null;
    }
    const b = builder(value.node.scope, value.node.doc);
    const rows = b.concat([left.a, right.a], 1);
    return b.matmul(b.transpose(rows, [0, 2, 1]), b.concat([left.b, right.b], 1));
  },
);

function turnedProduct(value: Value, x: Value): Value | null {
  if (made(value, "transpose")?.permutation.join() !== "0,2,1" || x.node.op !== "matmul") {
    return null;
  }
  const b = builder(value.node.scope, value.node.doc);
  const [left, right] = x.node.inputs.map((operand) => turned(b, operand));
  return b.matmul(right, left);
}

/** The last two axes in each other's place. */
function turned(b: Builder, x: Value): Value {
  const known = made(x, "transpose")?.permutation;
  const from = known ? x.node.inputs[0] : x;
  const order = [...(known ?? Array.from(x.shape, (_, axis) => axis))];
  order.push(...order.splice(-2).reverse());
  return order.every((axis, index) => axis === index) ? from : b.transpose(from, order);
}

/** aᵀ · b, with a [B, s, m] and b [B, s, n] of which no more is copied than a result [B, m, n] holds. */
function shortProduct(value: Value): { a: Value; b: Value; shape: Value["shape"] } | null {
  if (value.node.op !== "matmul" || value.shape.length !== 3) {
    return null;
  }
  const [left, right] = value.node.inputs;
  if (left.shape.length !== 3 || right.shape.length !== 3 || left.shape[0] !== right.shape[0]) {
    return null;
  }
  const [m, short, n] = [left.shape[1], right.shape[1], right.shape[2]];
  if (typeof m !== "number" || typeof short !== "number" || typeof n !== "number") {
    return null;
  }
  if (short * (m + n) > m * n) {
    return null;
  }
  if (left.node.op !== "transpose") {
    return null;
  }
  return { a: turned(builder(left.node.scope, left.node.doc), left), b: right, shape: value.shape };
}

function turnedAfter(value: Value): boolean {
  const order = made(value, "transpose")?.permutation.join();
  return order === "0,2,1" && value.node.inputs[0].node.op === "matmul";
}
