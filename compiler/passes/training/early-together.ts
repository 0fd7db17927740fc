// A plan that pays: what a step carries over to its update stands in one array instead of in many.
import { make } from "../../ir/build.ts";
import { type Graph, made, topological, type Value } from "../../ir/graph.ts";
import { type Context, nowhere, ruledBy } from "../pass.ts";
import { late } from "./late.ts";

/**
 * Early is what several threads compute right, late what depends on an operator that they would not (`oneThread`).
 *  1. [a b l c d]  →  [[a b] l [c d]]   for early neighbours a b and c d in a flat concatenation with something late
 * One array is carried, not each. Results stay equal to the bit.
 */
export const earlyTogether = ruledBy(
  "early-together",
  { keeps: "bits", ensures: nowhere("are early neighbours joined by something late", apart) },
  (graph) => {
    const isLate = late(topological(graph.outputs.map(({ value }) => value)));
    return (value, inputs) => {
      const { node } = value;
      const joined = made(value, "concat");
      if (joined === null || value.shape.length !== 1 || !isLate.has(value)) {
        return null;
      }
      const runs: Value[][] = [];
      inputs.forEach((input, index) => {
        const early = !isLate.has(node.inputs[index]);
        if (early && index > 0 && !isLate.has(node.inputs[index - 1])) {
          runs[runs.length - 1].push(input);
        } else {
          runs.push([input]);
        }
      });
      if (runs.length === inputs.length) {
        return null;
      }
      const parts = runs.map((run) => (run.length === 1 ? run[0] : make("concat", run, joined, node)));
      return parts.length === 1 ? parts[0] : make("concat", parts, joined, node);
    };
  },
);

function apart({ node, shape }: Value, _: Context, graph: Graph): boolean {
  if (node.op !== "concat" || shape.length !== 1) {
    return false;
  }
  const isLate = late(topological(graph.outputs.map(({ value }) => value)));
  const early = node.inputs.map((input) => !isLate.has(input));
  return early.includes(false) && early.some((one, index) => index > 0 && one && early[index - 1]);
}
