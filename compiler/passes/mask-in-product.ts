// A plan that pays: bias and mask travel with the product of queries and keys.

import { type Builder, builder } from "../ir/build.ts";
import { type Graph, made, type Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { elements, isFixed } from "./fixed.ts";
import { type Context, nowhere, ruledBy } from "./pass.ts";
import { readOnce } from "./uses.ts";

/**
 * Joins product, bias and mask of a search into one operator instead of two passes over all scores.
 *  1. (q Kᵀ + b) + p  →  scores of q, K, b + p    when b and p (what masks a behaviour) belong to behaviours, not to candidates
 *  2. q Kᵀ + p        →  scores of q, K, p
 *  3. b + p           →  B'[i'] with B' = [B; −1e30] and i' = m ? i : last row, for b = gather(B, i), B fixed, and
 *                        p = (m − 1) · 1e30
 * Its ONNX form makes b + p one more column of the keys, or adds it afterwards where the queries are few. The mask's −1e30
 * swallows any score (in float32 every one below 1e22), so that masked scores stay equal among each other. Scores stay equal
 * up to rounding. Of the multiply-adds as many come as go, but of heads × candidates × history numbers one array is written
 * instead of three, and those are what a search moves most of. Sums that something else reads as well stay.
 */
export const maskInProduct = ruledBy(
  "mask-in-product",
  { keeps: "rounding", ensures: nowhere("is a product masked by behaviour afterwards", maskedAfter) },
  (graph) => {
    const alone = readOnce(graph);
    return (value, [score, penalty]) => {
      if (value.node.op !== "add" || penalty.shape.length !== 1 || isFixed(penalty)) {
        return null;
      }
      const original = value.node.inputs[0];
      const sum = score.node.op === "add";
      if (!alone(original) || (sum && !alone(original.node.inputs[0]))) {
        return null;
      }
      const product = sum ? score.node.inputs[0] : score;
      return masked(product, sum ? score.node.inputs[1] : null, penalty);
    };
  },
);

function masked(product: Value, bias: Value | null, penalty: Value): Value | null {
  if (product.node.op !== "matmul") {
    return null;
  }
  const [queries, turned] = product.node.inputs;
  if (queries.shape.length !== 3) {
    return null;
  }
  if (made(turned, "transpose")?.permutation.join() !== "0,2,1") {
    return null;
  }
  const [keys] = turned.node.inputs;
  if (keys.shape[0] !== queries.shape[0] || keys.shape[1] !== penalty.shape[0]) {
    return null;
  }
  if (bias !== null && (bias.shape.length !== 3 || bias.shape[1] !== 1)) {
    return null;
  }
  const at = builder(product.node.scope, product.node.doc);
  const row = (bias && maskedLookUp(bias, penalty)) ?? masksOf(at, bias, penalty);
  const stored = made(keys, "transpose")?.permutation.join() === "1,0,2";
  return at.biasedScores(queries, stored ? keys.node.inputs[0] : keys, row, stored ? 0 : 1);
}

/** b + p, or p alone: [A, L] or [1, L] */
function masksOf(at: Builder, bias: Value | null, penalty: Value): Value {
  return bias === null ? at.unsqueeze(penalty, 0) : at.squeeze(at.add(bias, penalty), 1);
}

/** A bias [A, 1, L] that is looked up, with a row of its own for what is masked: p is not added number by number. [A, L] */
function maskedLookUp(bias: Value, penalty: Value): Value | null {
  let looked = bias;
  let behaviours = bias.shape.length - 1;
  while (["transpose", "unsqueeze", "squeeze"].includes(looked.node.op)) {
    behaviours = axisBelow(looked, behaviours);
    looked = looked.node.inputs[0];
  }
  const mask = maskOf(penalty);
  // Behaviours are the rows that are looked up: a square of behaviours and heads may be turned either way.
  if (!mask || made(looked, "gather")?.axis !== 0 || behaviours !== 0) {
    return null;
  }
  const [table, rows] = looked.node.inputs;
  if (!isFixed(table) || rows.shape.join() !== mask.shape.join()) {
    return null;
  }
  const [heads, count] = [knownDim(bias, 0), knownDim(table, 0)];
  if (elements(table) !== heads * count) {
    return null;
  }
  const at = builder(looked.node.scope, looked.node.doc);
  const last = at.constant({ dtype: "float32", shape: [1, heads], data: new Float32Array(heads).fill(-1e30) });
  const none = at.integer(count);
  const all = at.concat([at.reshape(table, [count, heads]), last], 0);
  const row = at.where(at.greater(mask, at.scalar(0.5)), rows, none);
  if (heads * count > nearNumbers) {
    return at.transpose(at.gather(all, row), [1, 0]);
  }
  const everyHead = Array<Value>(heads).fill(at.unsqueeze(row, 0));
  return at.gatherElements(at.transpose(all, [1, 0]), at.concat(everyHead, 0), 1);
}

/** Which axis of its operand a layout operator has at `axis`; −1 where it has added it. */
function axisBelow(value: Value, axis: number): number {
  const axes = Array.from(value.node.inputs[0].shape, (_, own) => own);
  const removed = made(value, "squeeze")?.axes ?? [];
  const kept = (made(value, "transpose")?.permutation ?? axes).filter((own) => !removed.includes(own));
  const added = made(value, "unsqueeze")?.axes ?? [];
  return added.includes(axis) ? -1 : kept[axis - added.filter((own) => own < axis).length];
}

/**
 * Numbers of a table that stays near the processor: there, reading one number a head is cheaper than copying short rows and
 * turning them.
 */
const nearNumbers = 1 << 16;

/** m of (m − 1) · 1e30 */
function maskOf(penalty: Value): Value | null {
  const [difference, scale] = penalty.node.inputs;
  if (penalty.node.op !== "mul" || difference.node.op !== "sub") {
    return null;
  }
  return number(scale) === Math.fround(1e30) && number(difference.node.inputs[1]) === 1
    ? difference.node.inputs[0]
    : null;
}

function number(value: Value): number | null {
  const literal = made(value, "constant");
  return literal && literal.data.length === 1 ? literal.data[0] : null;
}

/** q Kᵀ, read by nothing but a sum with one number a behaviour. */
function maskedAfter({ node }: Value, _: Context, graph: Graph): boolean {
  if (node.op !== "add" || node.inputs[1].shape.length !== 1 || isFixed(node.inputs[1])) {
    return false;
  }
  const [product] = node.inputs;
  if (product.node.op !== "matmul" || !readOnce(graph)(product)) {
    return false;
  }
  const [queries, turned] = product.node.inputs;
  if (queries.shape.length !== 3) {
    return false;
  }
  const keys = turned.node.op === "transpose" ? turned.node.inputs[0] : null;
  const axes = keys !== null && keys.shape[0] === turned.shape[0] && keys.shape[2] === turned.shape[1];
  return axes && queries.shape[0] === turned.shape[0] && product.shape[2] === node.inputs[1].shape[0];
}
