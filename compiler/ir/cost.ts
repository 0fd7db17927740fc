// Counted multiply-adds of a graph, in total and by place in the model.
import { recordOf } from "../../contract/record.ts";
import { concreteShapes } from "./bind.ts";
import type { Graph } from "./graph.ts";
import { ruleOf } from "./ops.ts";

export interface Cost {
  /** Multiply-adds of one run. */
  readonly total: number;
  /** The same by scope; scopes that cost nothing are left out. */
  readonly byScope: Readonly<Record<string, number>>;
}

/**
 * Counts one run with the given lengths of the symbols. Comparisons, copies and look-ups count nothing. Throws a
 * `RangeError` that names a symbol without a length.
 */
export function cost(graph: Graph, bindings: Readonly<Record<string, number>>): Cost {
  const shapes = concreteShapes(graph, bindings);
  const byScope = new Map<string, number>();
  let total = 0;
  for (const [value, shape] of shapes) {
    const { op, inputs, attributes, scope } = value.node;
    const operands = inputs.map((input) => shapes.of(input));
    const count = ruleOf(op).cost(operands, shape, attributes);
    if (count === 0) {
      continue;
    }
    total += count;
    byScope.set(scope, (byScope.get(scope) ?? 0) + count);
  }
  return { total, byScope: recordOf(byScope) };
}
