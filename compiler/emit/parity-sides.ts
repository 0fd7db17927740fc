// How clearly items lie on one side of the planes that they are hashed by: a bit near a plane float32 might turn round.
import { evaluate } from "../ir/evaluate.ts";
import { type Graph, inputsOf, topological, type Value } from "../ir/graph.ts";
import type { Tensor } from "../ir/rule.ts";

/** What a bit is told by: a float that is asked whether it is above 0. */
function sidesOf({ outputs }: Graph): Value[] {
  return topological(outputs.map(({ value }) => value)).flatMap(({ node }) => {
    const [x, than] = node.inputs;
    const zero = node.op === "greater" && than.node.op === "constant" && than.shape.length === 0;
    return zero && x.dtype === "float32" && than.node.attributes.data[0] === 0 ? [x] : [];
  });
}

/** The smallest distance from a plane, relative to the largest from the same planes; of what lies in them none, as of zeros. */
export function nearestSide(
  graph: Graph | undefined,
  feeds: Readonly<Record<string, Tensor>>,
  parameter: (name: string) => Tensor,
): number {
  const sides = graph ? sidesOf(graph) : [];
  if (graph === undefined || sides.length === 0) {
    return Number.POSITIVE_INFINITY;
  }
  const outputs = sides.map((value, index) => ({ name: String(index), value, doc: "" }));
  // What a search keeps is not known yet, and no side depends on it.
  const results = evaluate({ ...graph, inputs: inputsOf(sides), outputs }, feeds, parameter);
  return Object.values(results).reduce((nearest, { data }) => {
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (let index = 0; index < data.length; index++) {
      const distance = Math.abs(data[index]);
      least = distance > 0 ? Math.min(least, distance) : least;
      most = Math.max(most, distance);
    }
    return most === 0 ? nearest : Math.min(nearest, least / most);
  }, Number.POSITIVE_INFINITY);
}
