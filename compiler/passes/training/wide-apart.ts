// A plan that pays: attention weights meet wide and narrow columns in products of their own.
import { builder } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { isFixed } from "../fixed.ts";
import { nowhere, ruled } from "../pass.ts";

/** Columns from which on copying rows next to others costs more than a product of their own. */
const wide = 32;

/**
 *  1. p [x_1 … x_n]  →  [p x_1, …, p [x_i … x_n]]   with every wide x in a product of its own
 * The wide rows are not copied into a concatenation, nor their gradients out of one. Results stay equal to the bit.
 */
export const wideApart = ruled(
  "wide-apart",
  { keeps: "bits", ensures: nowhere("are wide rows copied beside others", copiedBeside) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || value.shape.length !== 3) {
      return null;
    }
    const [weights, rows] = inputs;
    const last = rows.shape.length - 1;
    if (made(rows, "concat")?.axis !== last || isFixed(rows)) {
      return null;
    }
    const groups: Value[][] = [];
    for (const part of rows.node.inputs) {
      const before = groups.at(-1);
      if (before && !isWide(part) && !isWide(before[0])) {
        before.push(part);
      } else {
        groups.push([part]);
      }
    }
    if (groups.length < 2) {
      return null;
    }
    const at = builder(value.node.scope, value.node.doc);
    const products = groups.map((group) => at.matmul(weights, group.length === 1 ? group[0] : at.concat(group, last)));
    return at.concat(products, last);
  },
);

const isWide = ({ shape }: Value): boolean => {
  const width = shape[shape.length - 1];
  return typeof width === "number" && width >= wide;
};

function copiedBeside({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || shape.length !== 3) {
    return false;
  }
  const [, rows] = node.inputs;
  if (rows.node.op !== "concat" || isFixed(rows)) {
    return false;
  }
  const widths = rows.node.inputs.map((part) => Number(part.shape[part.shape.length - 1]));
  return widths.length > 1 && widths.reduce((sum, width) => sum + width, 0) === shape[2] && Math.max(...widths) >= wide;
}
