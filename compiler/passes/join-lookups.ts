// A plan that pays: features with few values are looked up together, in one table of their sums or of their columns.

import { elementCount } from "../../contract/element-count.ts";
import { type Builder, builder } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { knownDim, knownShape } from "../ir/shape.ts";
import { elements, isFixed } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/** Numbers that a joint table may hold: it has to stay in the processor's cache. */
const limit = 1 << 16;

/**
 * Joins look-ups that are added up, or stand side by side. S and T are fixed, i and j equally many.
 *  1. gather(S, i) + gather(T, j)        →  gather(S ⊕ T, i · rows(T) + j)   with all sums of a row of S and a row of T
 *  2. [… gather(S, i), gather(T, j) …]   →  [… gather(S ⊗ T, i · rows(T) + j) …]   with all pairs of rows, side by side
 *  3. rule 1 below equal transpositions; i and j that are read at the same positions are joined before they are read
 * A joint table has at most 65,536 numbers. Rows are checked by the host, so the joint row exists. Sums are rounded once
 * instead of twice: equal up to rounding. A look-up costs a cache miss whatever it brings: one is enough for several.
 */
export const joinLookups = ruled(
  "join-lookups",
  { keeps: "rounding", ensures: nowhere("do two small look-ups stand beside each other", neighbours) },
  (value, inputs) => {
    const at = builder(value.node.scope, value.node.doc);
    if (value.node.op === "add") {
      return added(inputs[0], inputs[1], at);
    }
    const last = value.shape.length - 1;
    if (made(value, "concat")?.axis !== last) {
      return null;
    }
    const parts: Value[] = [];
    for (const part of inputs) {
      const before = parts.at(-1);
      const both = before && beside(before, part, at);
      if (both) {
        parts[parts.length - 1] = both;
      } else {
        parts.push(part);
      }
    }
    if (parts.length === inputs.length) {
      return null;
    }
    return parts.length === 1 ? parts[0] : at.concat(parts, last);
  },
);

/** Rule 1. */
function added(a: Value, b: Value, at: Builder): Value | null {
  if (a.shape.join() !== b.shape.join()) {
    return null;
  }
  const [turnedA, turnedB] = [made(a, "transpose"), made(b, "transpose")];
  if (turnedA && turnedB) {
    if (turnedA.permutation.join() !== turnedB.permutation.join()) {
      return null;
    }
    const inner = added(a.node.inputs[0], b.node.inputs[0], at);
    return inner && at.transpose(inner, turnedA.permutation);
  }
  const pair = small(a, b);
  if (!pair) {
    return null;
  }
  const [s, t] = pair;
  const [countS, countT] = [knownDim(s, 0), knownDim(t, 0)];
  if (elements(s) * countT > limit) {
    return null;
  }
  const sums = at.add(at.unsqueeze(s, 1), at.unsqueeze(t, 0));
  return at.gather(at.reshape(sums, [countS * countT, ...s.shape.slice(1)]), jointRows(a, b, countT, at));
}

/** Rule 2. */
function beside(a: Value, b: Value, at: Builder): Value | null {
  const pair = small(a, b);
  if (!pair || pair.some(({ shape }) => shape.length !== 2)) {
    return null;
  }
  const [s, t] = pair;
  const [[countS, widthS], [countT, widthT]] = [knownShape(s), knownShape(t)];
  if (countS * countT * (widthS + widthT) > limit) {
    return null;
  }
  const zeros = (shape: readonly number[]) =>
    at.constant({ dtype: "float32", shape, data: new Float32Array(elementCount(shape)) });
  const left = at.add(at.unsqueeze(s, 1), zeros([1, countT, 1]));
  const right = at.add(at.unsqueeze(t, 0), zeros([countS, 1, 1]));
  const pairs = at.reshape(at.concat([left, right], 2), [countS * countT, widthS + widthT]);
  return at.gather(pairs, jointRows(a, b, countT, at));
}

/** The tables of two look-ups that may be joined. */
function small(a: Value, b: Value): readonly [Value, Value] | null {
  if (made(a, "gather")?.axis !== 0 || made(b, "gather")?.axis !== 0) {
    return null;
  }
  const [[s, i], [t, j]] = [a.node.inputs, b.node.inputs];
  if (!isFixed(s) || !isFixed(t) || isFixed(i) || isFixed(j) || i.shape.join() !== j.shape.join()) {
    return null;
  }
  const known = [...s.shape, ...t.shape].every((dim) => typeof dim === "number");
  return known && elements(s) <= limit && elements(t) <= limit ? [s, t] : null;
}

/** i · rows(T) + j; where both are read at the same positions, these are read once. */
function jointRows(a: Value, b: Value, countT: number, at: Builder): Value {
  const join = (i: Value, j: Value): Value => {
    const sameRead =
      (i.node.op === "gatherRows" || made(i, "gather")?.axis === 0) &&
      i.node.op === j.node.op &&
      i.node.inputs[1] === j.node.inputs[1] &&
      !isFixed(i.node.inputs[0]) &&
      i.node.inputs[0].shape.join() === j.node.inputs[0].shape.join();
    if (sameRead) {
      const before = join(i.node.inputs[0], j.node.inputs[0]);
      return i.node.op === "gather" ? at.gather(before, i.node.inputs[1]) : at.gatherRows(before, i.node.inputs[1]);
    }
    const stride = at.integer(countT);
    return at.add(at.mul(i, stride), j);
  };
  return join(a.node.inputs[1], b.node.inputs[1]);
}

function neighbours(value: Value): boolean {
  const { node, shape } = value;
  if (node.op === "add") {
    return node.inputs[0].shape.join() === node.inputs[1].shape.join() && bothSmall(node.inputs, 0);
  }
  if (node.op !== "concat" || node.attributes.axis !== shape.length - 1) {
    return false;
  }
  return node.inputs.some((part, index) => index > 0 && bothSmall([node.inputs[index - 1], part], 1));
}

/** Look-ups of as many rows each, in tables whose joint one stays within the limit; 1: with the columns of both. */
function bothSmall(pair: readonly Value[], beside: 0 | 1): boolean {
  if (!pair.every((one) => made(one, "gather")?.axis === 0)) {
    return false;
  }
  const [s, t] = pair.map(({ node }) => node.inputs[0]);
  const [i, j] = pair.map(({ node }) => node.inputs[1]);
  if (![s, t].every(isFixed) || [i, j].some(isFixed) || i.shape.join() !== j.shape.join()) {
    return false;
  }
  const [first, second] = [s, t].map(elements);
  if (first > limit || second > limit) {
    return false;
  }
  const rows = Number(s.shape[0]) * Number(t.shape[0]);
  if (beside === 0) {
    return (rows * first) / Number(s.shape[0]) <= limit;
  }
  if (s.shape.length !== 2 || t.shape.length !== 2) {
    return false;
  }
  return rows * (Number(s.shape[1]) + Number(t.shape[1])) <= limit;
}
