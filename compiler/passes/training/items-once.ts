// A plan that pays: keys of a whole history projected once for each of the batch's items, and read where they stand.
import { type Builder, builder } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { knownDim, knownShape } from "../../ir/shape.ts";
import { isFixed } from "../fixed.ts";
import { nowhere, ruled } from "../pass.ts";

/**
 * How much wider than a projected key an item has to be. Below, the query is taken back to the items' width. Measured with
 * 21,500 items under 128,000 behaviours: reading 104 columns costs 40 ms on one thread, projecting to 64 and reading those 22.
 */
const worthwhile = 1.25;

/** Columns from which on a product of their own costs less than copying them beside others. */
const wide = 24;

/**
 * Scores by keys that are projected once an item; X [items, w], W [A, 1, w, d] fixed, q [A, B, d, 1].
 *  1. (gather(X, i) W) · q  →  itemScores(q, X W, i)   with the heads side by side in a row of X W
 *     X W in turn is Σ X_j W_j where X is columns side by side
 * Scores stay equal up to rounding.
 */
export const itemsOnce = ruled(
  "items-once",
  { keeps: "rounding", ensures: nowhere("is a wide item projected behaviour by behaviour", projectedApart) },
  (value, inputs) => {
    if (value.node.op !== "matmul" || value.shape.length !== 4) {
      return null;
    }
    const [keys, query] = inputs;
    if (keys.node.op !== "matmul" || query.shape[3] !== 1) {
      return null;
    }
    const read = readItems(keys);
    if (read === null) {
      return null;
    }
    const [heads, , width, dim] = knownShape(read.weight);
    if (width < worthwhile * heads * dim) {
      return null;
    }
    const at = builder(keys.node.scope, keys.node.doc);
    return at.unsqueeze(at.itemScores(at.squeeze(query, 3), projectedOnce(at, read), read.index), 3);
  },
);

/** Rows of items, read at behaviours [B, L] and projected by W [A, 1, w, d] there. */
export interface ReadItems {
  /** [items, w] */
  readonly items: Value;
  readonly index: Value;
  readonly weight: Value;
}

/** gather(X, i) W, with the heads in front; null: it is something else. */
export function readItems({ node }: Value): ReadItems | null {
  if (node.op !== "matmul") {
    return null;
  }
  const [rows, weight] = node.inputs;
  const looked = made(rows, "unsqueeze")?.axes.join() === "0" ? rows.node.inputs[0] : null;
  if (looked === null || made(looked, "gather")?.axis !== 0 || looked.shape.length !== 3) {
    return null;
  }
  const [items, index] = looked.node.inputs;
  const plain = isFixed(weight) && !isFixed(items) && items.shape.length === 2 && weight.shape[1] === 1;
  return plain ? { items, index, weight } : null;
}

/** X W once an item: [items, A, d]. */
export function projectedOnce(at: Builder, { items, weight }: ReadItems): Value {
  const [heads, , width, dim] = knownShape(weight);
  const side = at.reshape(at.transpose(at.squeeze(weight, 1), [1, 0, 2]), [width, heads * dim]);
  return at.reshape(projected(at, items, side), [items.shape[0], heads, dim]);
}

/** x W; wide columns of x meet their rows of W apart, so that they are not copied side by side. */
function projected(at: Builder, items: Value, weight: Value): Value {
  const parts = made(items, "concat")?.axis === 1 ? items.node.inputs : [items];
  const groups: Value[][] = [];
  for (const part of parts) {
    const before = groups.at(-1);
    if (before && !isWide(part) && !isWide(before[0])) {
      before.push(part);
    } else {
      groups.push([part]);
    }
  }
  if (groups.length === 1) {
    return at.matmul(items, weight);
  }
  let end = 0;
  const products = groups.map((group) => {
    const start = end;
    end += group.reduce((width, part) => width + knownDim(part, 1), 0);
    return at.matmul(group.length === 1 ? group[0] : at.concat(group, 1), at.slice(weight, 0, start, end));
  });
  return products.reduce((left, right) => at.add(right, left));
}

const isWide = ({ shape: [, width] }: Value): boolean => typeof width === "number" && width >= wide;

/** Rows that are read at every behaviour and then projected to fewer columns, to meet one column of the query. */
function projectedApart({ node, shape }: Value): boolean {
  const [keys] = node.inputs;
  if (node.op !== "matmul" || shape.length !== 4 || shape[3] !== 1 || keys.node.op !== "matmul") {
    return false;
  }
  const [rows, weight] = keys.node.inputs;
  if (rows.node.op !== "unsqueeze" || !isFixed(weight) || weight.shape[1] !== 1) {
    return false;
  }
  const [read] = rows.node.inputs;
  const items = made(read, "gather")?.axis === 0 ? read.node.inputs[0] : null;
  if (items === null || isFixed(items) || items.shape.length !== 2 || read.shape.length !== 3) {
    return false;
  }
  return Number(items.shape[1]) >= worthwhile * Number(shape[0]) * Number(keys.shape[3]);
}
