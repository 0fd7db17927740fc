// A plan that pays: where all heads read the same rows, they stand as rows of one product instead of as products of their own.
import { builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { isFixed, made } from "./fixed.ts";
import { ruled } from "./pass.ts";

/**
 * One product for each candidate instead of one for each head and candidate; K [R, k, c] are rows that no head owns.
 *  1. p [A, R, 1, k] · K   →  (p as [R, A, k]) · K, heads back in front
 *  2. K · x [A, R, c, 1]   →  K · (x as [R, c, A]), heads back in front
 * The counted multiply-adds stay; each row is fetched once, not once a head. The same sums are added up: equal up to
 * rounding.
 */
export const headsInRows = ruled(
  "heads-in-rows",
  "no rows that heads share are multiplied head by head",
  (value, inputs) => {
    if (value.node.op !== "matmul" || value.shape.length !== 4 || value.shape[0] === 1) return null;
    const [left, right] = inputs;
    const at = builder(value.node.scope, value.node.doc);
    const shared = (rows: Value) =>
      made(rows, "unsqueeze")?.axes.join() === "0" && !isFixed(rows) ? rows.node.inputs[0] : null;
    const perHead = (x: Value) =>
      x.shape.length === 4 && x.shape[0] === value.shape[0] && x.shape[1] === value.shape[1];
    const behind = shared(right);
    if (behind && perHead(left) && left.shape[2] === 1) {
      const heads = at.transpose(at.squeeze(left, 2), [1, 0, 2]);
      return at.unsqueeze(at.transpose(at.matmul(heads, behind), [1, 0, 2]), 2);
    }
    const before = shared(left);
    if (before && perHead(right) && right.shape[3] === 1) {
      const heads = at.transpose(at.squeeze(right, 3), [1, 2, 0]);
      return at.unsqueeze(at.transpose(at.matmul(before, heads), [2, 0, 1]), 3);
    }
    return null;
  },
);
