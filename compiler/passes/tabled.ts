// A product with looked-up rows becomes a look-up of products: gather(E, row) · W = gather(E · W, row).

import { builder } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { knownDim, knownShape } from "../ir/shape.ts";
import { elements, isFixed } from "./fixed.ts";

/** Widths of a product of a feature's rows: `tags` rows are pooled into one (0: none are). */
export interface Widths {
  readonly tags: number;
  readonly width: number;
  readonly heads: number;
  readonly out: number;
}

/**
 * x W as a look-up, for x a feature's rows without heads ([1, …, w], from `unsqueeze`) and W fixed, [A, w, n] or in a
 * batch [A, 1, w, n]. Null where x is no look-up in a fixed table, where the table of products would hold more than
 * `limit` numbers, or where it does not pay. Whether it pays is asked of the widths alone, so that all graphs of a model
 * decide alike: a search has to compute what its yardstick computes.
 */
export function tabled(x: Value, weight: Value, limit: number, pays: (widths: Widths) => boolean): Value | null {
  const axes = made(x, "unsqueeze")?.axes;
  if (axes?.length !== 1 || axes[0] !== 0 || !isFixed(weight) || isFixed(x)) {
    return null;
  }
  const at = builder(weight.node.scope || x.node.scope, x.node.doc);
  const rank = weight.shape.length;
  if (rank === 4 && weight.shape[1] !== 1) {
    return null;
  }
  if (rank !== 3 && rank !== 4) {
    return null;
  }
  const heads = rank === 4 ? at.squeeze(weight, 1) : weight;
  const [rows] = x.node.inputs;
  const read = times(rows, heads, limit);
  const [count, width, out] = knownShape(heads);
  return read && pays({ tags: pooledTags(rows), width, heads: count, out }) ? read : null;
}

/** x [… w] times W [A, w, n] → [A, … n], pushed below what is linear in the rows. */
function times(x: Value, weight: Value, limit: number): Value | null {
  const { node } = x;
  const at = builder(node.scope, node.doc);
  const last = x.shape.length - 1;
  switch (node.op) {
    case "gather": {
      const [table, rows] = node.inputs;
      if (node.attributes.axis !== 0 || !isFixed(table) || table.shape.length !== 2) {
        return null;
      }
      const size = knownDim(table, 0) * (elements(weight) / knownDim(weight, 1));
      if (size > limit) {
        return null;
      }
      // Heads stand beside each other in a row, so that one read fetches them all.
      const products = at.transpose(at.matmul(table, weight), [1, 0, 2]);
      const read = at.gather(products, rows);
      const heads = read.shape.length - 2;
      const order = Array.from({ length: heads }, (_, axis) => axis);
      return at.transpose(read, [heads, ...order, heads + 1]);
    }
    case "slice": {
      const { axis, start, end } = node.attributes;
      const inner = axis < last ? times(node.inputs[0], weight, limit) : null;
      return inner && at.slice(inner, axis + 1, start, end);
    }
    case "sum": {
      const { axes, keep } = node.attributes;
      const before = node.inputs[0].shape.length - 1;
      const inner = keep || axes.includes(before) ? null : times(node.inputs[0], weight, limit);
      return (
        inner &&
        at.sum(
          inner,
          axes.map((axis) => axis + 1),
        )
      );
    }
    case "mul":
    case "div": {
      const [rows, mask] = node.inputs;
      if (mask.shape[mask.shape.length - 1] !== 1 || mask.shape.length > rows.shape.length) {
        return null;
      }
      const inner = times(rows, weight, limit);
      return inner && (node.op === "mul" ? at.mul(inner, mask) : at.div(inner, mask));
    }
    default:
      return null;
  }
}

/** How many rows are pooled into one; 0: none are. */
function pooledTags(x: Value): number {
  if (x.node.op === "sum") {
    return knownDim(x.node.inputs[0], x.node.inputs[0].shape.length - 2);
  }
  return x.node.op === "div" || x.node.op === "slice" ? pooledTags(x.node.inputs[0]) : 0;
}
