// A plan that pays: bias and mask travel inside the product of queries and keys.
import { builder, make } from "../ir/build.ts";
import { type Graph, topological, type Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import { isFixed, made } from "./fixed.ts";
import { type Pass, sound } from "./pass.ts";

/**
 * Adds bias and mask as one more column of the keys instead of in two passes over all scores.
 *  1. (q Kᵀ + b) + p  →  [q, 1] [K, b + p]ᵀ   when b and p (what masks a behaviour) belong to behaviours, not to candidates
 *  2. q Kᵀ + p        →  [q, 1] [K, p]ᵀ
 *  3. b + p           →  gather([B; −1e30], m ? i : last row)   for b = gather(B, i), B fixed, and p = (m − 1) · 1e30
 * The mask's −1e30 swallows any score (in float32 every one below 1e22), so that masked scores stay equal among each other.
 * Scores stay equal up to rounding. Of the multiply-adds as many come as go, but of heads × candidates × history numbers one
 * array is written instead of three, and those are what a search moves most of. Sums that something else reads as well stay.
 */
export const maskInProduct: Pass = {
  name: "mask-in-product",
  requires: [sound],
  ensures: [
    sound,
    {
      name: "no product is masked by behaviour afterwards",
      check(graph) {
        const fits = rule(graph);
        const left = values(graph).find((value) => fits(value, value.node.inputs) !== null);
        return left === undefined ? null : left.node.scope;
      },
    },
  ],
  run: (graph) => rewrite(graph, rule(graph)),
};

const values = (graph: Graph) => topological(graph.outputs.map((output) => output.value));

function rule(graph: Graph): (value: Value, inputs: readonly Value[]) => Value | null {
  const uses = new Map<Value, number>();
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const value of values(graph)) value.node.inputs.forEach(use);
  for (const { value } of graph.outputs) use(value);
  const alone = (value: Value) => uses.get(value) === 1;
  return (value, [score, penalty]) => {
    if (value.node.op !== "add" || penalty.shape.length !== 1 || isFixed(penalty)) return null;
    const original = value.node.inputs[0];
    const sum = score.node.op === "add";
    if (!alone(original) || (sum && !alone(original.node.inputs[0]))) return null;
    const product = sum ? score.node.inputs[0] : score;
    return masked(product, sum ? score.node.inputs[1] : null, penalty);
  };
}

function masked(product: Value, bias: Value | null, penalty: Value): Value | null {
  if (product.node.op !== "matmul" || product.shape.length !== 3) return null;
  const [queries, turned] = product.node.inputs;
  if (made(turned, "transpose")?.permutation.join() !== "0,2,1") return null;
  const [keys] = turned.node.inputs;
  if (keys.shape[1] !== penalty.shape[0] || (bias !== null && (bias.shape.length !== 3 || bias.shape[1] !== 1)))
    return null;
  const at = builder(product.node.scope, product.node.doc);
  const looked = bias && maskedRow(bias, penalty);
  const row = looked ?? at.add(bias ?? at.mul(at.slice(turned, 1, 0, 1), at.scalar(0)), penalty);
  const ones = at.add(at.mul(at.slice(queries, 2, 0, 1), at.scalar(0)), at.scalar(1));
  const longer = at.concat([keys, at.transpose(row, [0, 2, 1])], 2);
  return at.matmul(at.concat([queries, ones], 2), at.transpose(longer, [0, 2, 1]));
}

/** A bias that is looked up, with a row of its own for what is masked: p is not added number by number. */
function maskedRow(bias: Value, penalty: Value): Value | null {
  const { node } = bias;
  const at = builder(node.scope, node.doc);
  const inner = ["transpose", "unsqueeze", "squeeze"].includes(node.op) ? maskedRow(node.inputs[0], penalty) : null;
  if (inner) return make(node.op, [inner], node.attributes, node);
  const mask = maskOf(penalty);
  if (!mask || made(bias, "gather")?.axis !== 0) return null;
  const [table, rows] = node.inputs;
  if (!isFixed(table) || rows.shape.join() !== mask.shape.join()) return null;
  const [count, ...rest] = table.shape as readonly number[];
  const size = rest.reduce((product, dim) => product * dim, 1);
  const last = at.constant({ dtype: "float32", shape: [1, ...rest], data: new Float32Array(size).fill(-1e30) });
  const none = at.constant({ dtype: "int32", shape: [], data: Int32Array.of(count) });
  return at.gather(at.concat([table, last], 0), at.where(at.greater(mask, at.scalar(0.5)), rows, none));
}

/** m of (m − 1) · 1e30 */
function maskOf(penalty: Value): Value | null {
  const [difference, scale] = penalty.node.inputs;
  if (penalty.node.op !== "mul" || difference.node.op !== "sub") return null;
  return number(scale) === Math.fround(1e30) && number(difference.node.inputs[1]) === 1
    ? difference.node.inputs[0]
    : null;
}

function number(value: Value): number | null {
  const literal = made(value, "constant");
  return literal && literal.data.length === 1 ? literal.data[0] : null;
}
