// Rewriting a graph from its leaves up, sharing what does not change.
import { make } from "./build.ts";
import { eachValue, type Graph, inputsOf, isInput, topological, type Value } from "./graph.ts";

/**
 * `rule` sees every value once, operands first, with its operands already rewritten, and returns what takes its place or
 * null. Values below which nothing changes stay the same objects; the others are inferred anew. Inputs that nothing
 * depends on afterwards leave the graph; new ones come last.
 */
export function rewrite(graph: Graph, rule: (value: Value, inputs: readonly Value[]) => Value | null): Graph {
  const order = topological(
    graph.outputs.map((output) => output.value),
    graph.inputs,
  );
  const done = eachValue<Value>(order, (value, inputs) => {
    const untouched = inputs.every((input, index) => input === value.node.inputs[index]);
    return rule(value, inputs) ?? (untouched ? value : remake(value, inputs));
  });
  const outputs = graph.outputs.map((output) => {
    const value = done.of(output.value);
    return value === output.value ? output : { ...output, value };
  });
  const reached = inputsOf(outputs.map((output) => output.value));
  const declared = graph.inputs
    .map((input) => done.of(input))
    .filter(isInput)
    .filter((input) => reached.includes(input));
  const inputs = [...declared, ...reached.filter((input) => !declared.includes(input))];
  return { ...graph, inputs, outputs };
}

function remake({ node }: Value, inputs: readonly Value[]): Value {
  return make(node.op, inputs, node.attributes, node);
}
