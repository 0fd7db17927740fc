// A plan that pays: what is summed up by row twice is summed up once.
import { builder, make } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { nowhere, ruled } from "../pass.ts";
import { columns } from "./columns.ts";

/** Columns from which on sums of their own cost less than taking them out of sums of all columns. */
const wide = 24;

/**
 *  1. sums by row i of sums by row j  →  sums by row i of j, without the sums in between
 *  2. the same of wide columns of the sums by row j
 * Sums of a single pair of rows and updates stay. Narrow columns stay, too: every row that is summed costs about as much as 16 numbers of it. Equal up to rounding.
 */
export const sumsOfSums = ruled(
  "sums-of-sums",
  { keeps: "rounding", ensures: nowhere("are sums by row summed up by row", summedTwice) },
  (value, inputs) => {
    const at = made(value, "scatterAdd");
    if (at === null) {
      return null;
    }
    const count = at.shape === null ? inputs.length - 1 : inputs.length;
    const pairs: Value[] = [];
    for (let index = 0; index < count; index += 2) {
      pairs.push(...composed(inputs[index], inputs[index + 1]));
    }
    if (pairs.length === count) {
      return null;
    }
    return make("scatterAdd", [...pairs, ...inputs.slice(count)], at, value.node);
  },
);

/** The pairs of a sum by row of updates that are sums by row themselves, or columns of such. */
function composed(indices: Value, updates: Value): Value[] {
  const slice = made(updates, "slice");
  const cut = slice !== null && slice.axis === updates.shape.length - 1;
  const inner = cut ? updates.node.inputs[0] : updates;
  const at = made(inner, "scatterAdd");
  if (at === null || indices.shape.length !== 1 || inner.shape.length !== 2) {
    return [indices, updates];
  }
  if (cut && slice.end - slice.start < wide) {
    return [indices, updates];
  }
  const { inputs, scope, doc } = inner.node;
  const b = builder(scope, doc);
  const count = at.shape === null ? inputs.length - 1 : inputs.length;
  return Array.from({ length: count / 2 }, (_, pair) => {
    const [index, own] = inputs.slice(2 * pair, 2 * pair + 2);
    return [b.gather(indices, index), cut ? columns(own, slice.start, slice.end) : own];
  }).flat();
}

/** Sums by row whose updates are rows of such sums, whole ones: of columns the width decides. */
function summedTwice({ node }: Value): boolean {
  return (
    node.op === "scatterAdd" &&
    node.inputs.some(
      (updates, index) =>
        index % 2 === 1 &&
        updates.node.op === "scatterAdd" &&
        updates.node.inputs.length > 3 &&
        updates.shape.length === 2 &&
        node.inputs[index - 1].shape.length === 1,
    )
  );
}
