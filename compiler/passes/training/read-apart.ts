// A plan that pays: whole histories read wide features straight from their tables, not by way of the items' columns.
import { type Builder, builder } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { knownDim } from "../../ir/shape.ts";
import { nowhere, ruled } from "../pass.ts";

/** Columns from which on a look-up of its own costs less than copying rows side by side for every item. */
const wide = 24;

/**
 *  1. q · gather([x_1 … x_n], i)ᵀ  →  Σ q_j · gather(x_j, i)ᵀ      for wide x each, for narrow ones together
 *  2. gather([x_1 … x_n], i)       →  [gather(x_1, i) …]           for the candidates' items, which are few
 *  3. gather(gather(T, id), i)     →  gather(T, gather(id, i))     of those
 * Scores stay equal up to rounding. No item's columns are put side by side, and none is read that no behaviour has.
 */
export const readApart = ruled(
  "read-apart",
  { keeps: "rounding", ensures: nowhere("are wide columns put side by side for a history", sideBySide) },
  (value, inputs) => {
    const [query, turned] = inputs;
    if (made(value, "gather")?.axis === 0) {
      return beside(value, query, turned);
    }
    if (value.node.op !== "matmul") {
      return null;
    }
    if (made(turned, "transpose")?.permutation.join() !== "0,2,1") {
      return null;
    }
    const [read] = turned.node.inputs;
    if (made(read, "gather")?.axis !== 0) {
      return null;
    }
    const [columns, index] = read.node.inputs;
    if (made(columns, "concat")?.axis !== 1 || columns.shape.length !== 2) {
      return null;
    }
    const groups: Value[][] = [];
    for (const part of columns.node.inputs) {
      const before = groups.at(-1);
      if (before && !isWide(part) && !isWide(before[0])) {
        before.push(part);
      } else {
        groups.push([part]);
      }
    }
    if (!groups.some(([first]) => isWide(first))) {
      return null;
    }
    const at = builder(value.node.scope, value.node.doc);
    let start = 0;
    const products = groups.map((group) => {
      const from = start;
      start += group.reduce((width, part) => width + knownDim(part, 1), 0);
      const rows = group.length === 1 ? composed(at, group[0], index) : at.gather(at.concat(group, 1), index);
      const own = groups.length === 1 ? query : at.slice(query, query.shape.length - 1, from, start);
      return at.matmul(own, at.transpose(rows, [0, 2, 1]));
    });
    return products.reduce((left, right) => at.add(left, right));
  },
);

/** Rule 2. */
function beside({ node }: Value, columns: Value, index: Value): Value | null {
  if (index.shape.length !== 1 || made(columns, "concat")?.axis !== 1 || columns.shape.length !== 2) {
    return null;
  }
  const at = builder(node.scope, node.doc);
  return at.concat(
    columns.node.inputs.map((part) => composed(at, part, index)),
    1,
  );
}

const isWide = ({ shape: [, width] }: Value): boolean => typeof width === "number" && width >= wide;

function composed(at: Builder, x: Value, index: Value): Value {
  if (made(x, "gather")?.axis !== 0 || x.node.inputs[1].shape.length !== 1) {
    return at.gather(x, index);
  }
  const [table, ids] = x.node.inputs;
  return at.gather(table, at.gather(ids, index));
}

/** Columns side by side, a wide one among them, that are read at every behaviour for a product, or at all for the candidates. */
function sideBySide(value: Value): boolean {
  const { op, inputs } = value.node;
  if (op === "gather") {
    return inputs[1].shape.length === 1 && isColumns(inputs[0]);
  }
  if (op !== "matmul" || made(inputs[1], "transpose")?.permutation.join() !== "0,2,1") {
    return false;
  }
  const [read] = inputs[1].node.inputs;
  return read.node.op === "gather" && isColumns(read.node.inputs[0]) && read.node.inputs[0].node.inputs.some(isWide);
}

const isColumns = ({ node, shape }: Value): boolean =>
  node.op === "concat" && shape.length === 2 && node.inputs.some(({ shape: own }) => own[1] !== shape[1]);
