// What has to be computed with one thread.
import { oneThread, type Value } from "../../ir/graph.ts";

/** Of values in their order those that are `oneThread` operators, or depend on one. */
export function late(order: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    if (oneThread.has(value.node.op) || value.node.inputs.some((input) => found.has(input))) {
      found.add(value);
    }
  }
  return found;
}
