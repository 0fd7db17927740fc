// Fixed subgraphs → constants, once the parameters' values are known.
import { builder } from "../ir/build.ts";
import { evaluate } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { rewrite } from "../ir/rewrite.ts";
import type { Tensor } from "../ir/rule.ts";
import { isFixed } from "./fixed.ts";

/** Operators that only look at a parameter in another way: they stay, so that the parameter stays external. */
const views: ReadonlySet<string> = new Set(["parameter", "constant", "unsqueeze", "squeeze", "reshape", "transpose"]);

/**
 *  1. f(parameters, constants)  →  a constant   computed in float64 and rounded once to float32
 * for every largest such subgraph. A bare parameter, also under another shape, stays what it is: weights are not copied into
 * graphs, embedding tables least of all.
 */
export function foldParameters(graph: Graph, parameter: (name: string) => Tensor): Graph {
  const read = new Set<Value>(graph.outputs.map((output) => output.value));
  const visit = [...read];
  for (let value = visit.pop(); value; value = visit.pop()) {
    if (isFixed(value)) {
      continue;
    }
    for (const input of value.node.inputs) {
      if (read.has(input)) {
        continue;
      }
      read.add(input);
      visit.push(input);
    }
  }
  return rewrite(graph, (value) => {
    if (!read.has(value) || !isFixed(value) || value.dtype !== "float32" || isView(value)) {
      return null;
    }
    const { scope, doc } = value.node;
    const alone: Graph = { name: scope, doc, inputs: [], outputs: [{ name: "folded", value, doc }] };
    const { folded } = evaluate(alone, {}, parameter);
    return builder(scope, doc).floats(folded.data, folded.shape);
  });
}

function isView({ node }: Value): boolean {
  return views.has(node.op) && node.inputs.every(isView);
}
