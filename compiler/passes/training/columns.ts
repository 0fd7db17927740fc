// Columns of a value, and who reads more than columns of it.
import { builder } from "../../ir/build.ts";
import { type Graph, made, topological, type Value } from "../../ir/graph.ts";

/** Columns of a value, taken before what makes it where that is a product. */
export function columns(value: Value, start: number, end: number): Value {
  const { node } = value;
  const b = builder(node.scope, node.doc);
  const last = value.shape.length - 1;
  if (start === 0 && end === value.shape[last]) {
    return value;
  }
  if (node.op === "matmul") {
    return b.matmul(node.inputs[0], columns(node.inputs[1], start, end));
  }
  const plain = node.op === "add" && node.inputs.every((input) => input.shape.join() === value.shape.join());
  if (plain) {
    return b.add(columns(node.inputs[0], start, end), columns(node.inputs[1], start, end));
  }
  const inner = made(value, "slice");
  if (inner?.axis === last) {
    return b.slice(node.inputs[0], last, inner.start + start, inner.start + end);
  }
  return b.slice(value, last, start, end);
}

/** What is read by something else than slices of its last axis. */
export function readOtherwise(graph: Graph): ReadonlySet<Value> {
  const found = new Set(graph.outputs.map(({ value }) => value));
  for (const value of topological([...found])) {
    for (const input of value.node.inputs) {
      if (made(value, "slice")?.axis !== input.shape.length - 1) {
        found.add(input);
      }
    }
  }
  return found;
}
