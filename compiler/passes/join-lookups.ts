// A plan that pays: features with few values are looked up together, in one table of their sums.
import { type Builder, builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { elements, isFixed, made } from "./fixed.ts";
import { ruled } from "./pass.ts";

/** Numbers that a joint table may hold: it has to stay in the processor's cache. */
const limit = 1 << 16;

/**
 * Joins look-ups that are added up.
 *  1. gather(S, i) + gather(T, j)  →  gather(S ⊕ T, i · rows(T) + j)   with S ⊕ T all sums of a row of S and a row of T
 *  2. the same below equal transpositions
 * S and T are fixed, i and j equally many, and S ⊕ T has at most 65,536 numbers. Rows are checked by the host, so the joint
 * row exists. Sums are rounded once instead of twice: equal up to rounding. A look-up costs a cache miss whatever it
 * brings, so of several small ones one is enough.
 */
export const joinLookups = ruled("join-lookups", "no two small look-ups are added up", (value, inputs) => {
  if (value.node.op !== "add") return null;
  return joined(inputs[0], inputs[1], builder(value.node.scope, value.node.doc));
});

function joined(a: Value, b: Value, at: Builder): Value | null {
  if (a.shape.join() !== b.shape.join()) return null;
  const [turnedA, turnedB] = [made(a, "transpose"), made(b, "transpose")];
  if (turnedA && turnedB) {
    if (turnedA.permutation.join() !== turnedB.permutation.join()) return null;
    const inner = joined(a.node.inputs[0], b.node.inputs[0], at);
    return inner && at.transpose(inner, turnedA.permutation);
  }
  if (made(a, "gather")?.axis !== 0 || made(b, "gather")?.axis !== 0) return null;
  const [tableA, rowsA] = a.node.inputs;
  const [tableB, rowsB] = b.node.inputs;
  if (!isFixed(tableA) || !isFixed(tableB) || rowsA.shape.join() !== rowsB.shape.join()) return null;
  const [countA, countB] = [tableA.shape[0] as number, tableB.shape[0] as number];
  // Not `<= limit` turned round: a size that is not known is no number.
  if (!(elements(tableA) * countB <= limit)) return null;
  const sums = at.add(at.unsqueeze(tableA, 1), at.unsqueeze(tableB, 0));
  const table = at.reshape(sums, [countA * countB, ...tableA.shape.slice(1)]);
  const stride = at.constant({ dtype: "int32", shape: [], data: Int32Array.of(countB) });
  return at.gather(table, at.add(at.mul(rowsA, stride), rowsB));
}
