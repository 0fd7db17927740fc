// How few items a projector is given: of one row alone ONNX Runtime's CPU makes a product of a vector, which sums in another
// order, so that an item would have another row alone than among others.
import type { Encoded } from "./encoded.ts";

export const leastRows = 2;

/** The values so many times, one after the other. */
export function repeated(column: Encoded, times: number): Encoded {
  const all =
    column instanceof Int32Array ? new Int32Array(times * column.length) : new Float32Array(times * column.length);
  for (let i = 0; i < times; i++) {
    all.set(column, i * column.length);
  }
  return all;
}
