// A graph of a few values, for tests of what is done with graphs.
import { type Graph, type InputValue, isInput, type Value } from "../../compiler/ir/graph.ts";

/** A graph of `outputs`, its inputs found and declared by name. */
export function graphOf(outputs: Readonly<Record<string, Value>>, name = "test"): Graph {
  const inputs = new Map<string, InputValue>();
  const seen = new Set<Value>();
  const visit = (value: Value) => {
    if (seen.has(value)) {
      return;
    }
    seen.add(value);
    if (isInput(value)) {
      inputs.set(value.node.attributes.name, value);
    }
    value.node.inputs.forEach(visit);
  };
  Object.values(outputs).forEach(visit);
  const declared = [...inputs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  return {
    name,
    doc: "",
    inputs: declared,
    outputs: Object.entries(outputs).map(([key, value]) => ({ name: key, value, doc: "" })),
  };
}
