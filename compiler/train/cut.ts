// One step as two graphs: what several threads compute right, and what they would not.
import { oneThread } from "../gradient/reverse.ts";
import { builder, make } from "../ir/build.ts";
import { type Graph, type Output, topological, type Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
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
export function cut(whole: Graph): Cut {
  const graph = gathered(whole);
  const order = topological(graph.outputs.map(({ value }) => value));
  const late = dependents(order);
  if (late.size === 0) return { step: graph, update: null, carried: [] };
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
  return { step, update: rewrite(update, (value) => inputs.get(value) ?? null), carried: [...names.values()] };
}

/** The values that have to be computed with one thread. */
function dependents(order: readonly Value[]): ReadonlySet<Value> {
  const late = new Set<Value>();
  for (const value of order) {
    if (oneThread.has(value.node.op) || value.node.inputs.some((input) => late.has(input))) late.add(value);
  }
  return late;
}

/** Neighbours in a flat concatenation that are early stand together first: one is carried, not each. */
function gathered(graph: Graph): Graph {
  const late = dependents(topological(graph.outputs.map(({ value }) => value)));
  return rewrite(graph, (value, inputs) => {
    const { node } = value;
    if (node.op !== "concat" || value.shape.length !== 1 || !late.has(value)) return null;
    const runs: Value[][] = [];
    inputs.forEach((input, index) => {
      const early = !late.has(node.inputs[index]);
      if (early && index > 0 && !late.has(node.inputs[index - 1])) runs[runs.length - 1].push(input);
      else runs.push([input]);
    });
    if (runs.length === inputs.length) return null;
    const attributes = node.attributes;
    const joined = runs.map((run) => (run.length === 1 ? run[0] : make("concat", run, attributes, node)));
    return joined.length === 1 ? joined[0] : make("concat", joined, attributes, node);
  });
}

function pruned(graph: Graph, name: string, outputs: readonly Output[]): Graph {
  const reached = new Set(topological(outputs.map(({ value }) => value)));
  return { ...graph, name, outputs, inputs: graph.inputs.filter((input) => reached.has(input)) };
}
