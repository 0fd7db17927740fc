// Parameters side by side in one flat vector, and row by row.

import { elementCount } from "../../contract/element-count.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { knownShape } from "../ir/shape.ts";

/** All numbers one after the other: [Σ sizes]. */
export function flat(b: Builder, values: readonly Value[]): Value {
  const vectors = values.map((value) => b.reshape(value, [elementCount(knownShape(value))]));
  return vectors.length === 1 ? vectors[0] : b.concat(vectors, 0);
}

/** For parameters of these shapes, one after the other in x: the mean over the last axis, in place of each number. */
export function perRow(b: Builder, x: Value, shapes: readonly (readonly number[])[]): Value {
  let end = 0;
  return flat(
    b,
    shapes.map((shape) => {
      end += elementCount(shape);
      const own = b.slice(x, 0, end - elementCount(shape), end);
      if (shape.length < 2 || shape[shape.length - 1] === 1) {
        return own;
      }
      const rows = b.reshape(own, [elementCount(shape.slice(0, -1)), shape[shape.length - 1]]);
      return b.broadcast(b.mean(rows, [1], true), rows);
    }),
  );
}
