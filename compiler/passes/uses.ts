// How often each value of a graph is read.
import { type Graph, topological, type Value } from "../ir/graph.ts";

/** Tells whether a value has one reader alone, an output counted as one. */
export function readOnce(graph: Graph): (value: Value) => boolean {
  const uses = new Map<Value, number>();
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const value of topological(graph.outputs.map((output) => output.value))) {
    value.node.inputs.forEach(use);
  }
  for (const { value } of graph.outputs) {
    use(value);
  }
  return (value) => uses.get(value) === 1;
}
