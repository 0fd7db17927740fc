// One step as two graphs: what several threads compute right, and what they would not.
import { builder } from "../ir/build.ts";
import { type Graph, type Output, topological } from "../ir/graph.ts";
import { rewrite as replaced } from "../ir/rewrite.ts";
import { rewrite } from "../passes/index.ts";
import { late as lateOf } from "../passes/training/late.ts";
import { boundary } from "./boundary.ts";

export interface Cut {
  /** With what the other graph goes on with among its outputs: those named in `carried`. */
  readonly step: Graph;
  /** Null where nothing needs a thread of its own. */
  readonly update: Graph | null;
  readonly carried: readonly string[];
}

/**
 * Cuts a graph at `oneThread` operators: `update` holds them and what depends on them, `step` the rest. What both need is
 * carried over, or computed once more where that costs less (`boundary`).
 */
export function cut(whole: Graph, verify = false): Cut {
  const graph = rewrite(whole, { plan: "cut", verify });
  const order = topological(graph.outputs.map(({ value }) => value));
  const late = lateOf(order);
  if (late.size === 0) {
    return { step: graph, update: null, carried: [] };
  }
  const carried = boundary(order, late);
  const names = new Map(order.filter((value) => carried.has(value)).map((value, index) => [value, `carried.${index}`]));
  const doc = "What the update goes on with.";
  const step = pruned(graph, "step", [
    ...graph.outputs.filter(({ value }) => !late.has(value)),
    ...[...names].map(([value, name]): Output => ({ name, value, doc })),
  ]);
  const inputs = new Map(
    [...names].map(([value, name]) => [value, builder("").input(name, value.dtype, value.shape, doc)]),
  );
  const update = pruned(
    graph,
    "update",
    graph.outputs.filter(({ value }) => late.has(value)),
  );
  return { step, update: replaced(update, (value) => inputs.get(value) ?? null), carried: [...names.values()] };
}

function pruned(graph: Graph, name: string, outputs: readonly Output[]): Graph {
  const reached = new Set(topological(outputs.map(({ value }) => value)));
  return { ...graph, name, outputs, inputs: graph.inputs.filter((input) => reached.has(input)) };
}
