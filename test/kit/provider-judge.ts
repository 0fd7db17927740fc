// What an execution provider computed against the float64 reference, in the two parts of docs/decisions/0008: selections by
// the literal walk on the provider's own scores, and all numbers behind them with these selections forced into the reference.
import { evaluate } from "../../compiler/ir/evaluate.ts";
import type { Value } from "../../compiler/ir/graph.ts";
import { ruleOf } from "../../compiler/ir/ops.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { comparedLists } from "../../runtime/metrics/tied-lists.ts";
import { floats, ints } from "../../runtime/session/session.ts";
import type { ProviderGraph, ProviderModel } from "./provider-models.ts";

/** Of a graphics device, whose kernels add up in other orders than the CPU's. */
export const tolerance = 1e-4;

export interface Judged {
  /** What is wrong, or null. */
  readonly fault: string | null;
  /** Numbers that were compared. */
  readonly numbers: number;
  /** Largest abs(a − b) / max(1, abs(b)) of what is continuous. */
  readonly worst: number;
  /** Where that was: graph, case and output. */
  readonly worstAt: string;
  /** Positions of lists that another order of ties explains. */
  readonly tied: number;
}

export type Outputs = Readonly<Record<string, Tensor>>;

export function judge(model: ProviderModel, graph: ProviderGraph, place: string, outputs: Outputs): Judged {
  const feeds = model.feeds(place);
  const force = new Map<Value, Tensor>();
  let [numbers, worst, tied, worstAt] = [0, 0, 0, ""];
  const bad = (what: string): Judged => ({ fault: `${graph.model}, ${place}: ${what}`, numbers, worst, worstAt, tied });
  for (const { list, scores, node, reference } of graph.selections) {
    const [found, from] = [outputs[list], outputs[scores]];
    if (!Array.from(from.data).every(Number.isFinite)) {
      return bad(`${scores} holds a number that is not finite`);
    }
    const walk = literal(node, from);
    const compared = comparedLists(asInts(found), asInts(walk), floats(Float32Array.from(from.data), ...from.shape));
    numbers += walk.data.length;
    tied += compared.tied;
    if (compared.wrong > 0 || found.shape.join() !== walk.shape.join()) {
      return bad(
        `${compared.wrong} of ${walk.data.length} positions of ${node.scope} are not of the walk on its scores`,
      );
    }
    force.set(reference, found);
  }
  // Of what is selected from, too: what came before a selection does not depend on it.
  const from = graph.selections.map(({ scores, reference }) => ({
    name: scores,
    value: reference.node.inputs[0],
    doc: "",
  }));
  const wanted = evaluate({ ...graph.reference, outputs: [...graph.reference.outputs, ...from] }, feeds, model.read, {
    force,
  });
  for (const [name, expected] of Object.entries(wanted)) {
    const found = outputs[name];
    if (found?.shape.join() !== expected.shape.join()) {
      return bad(`${name} has the shape [${found?.shape}] instead of [${expected.shape}]`);
    }
    for (let i = 0; i < expected.data.length; i++) {
      const [a, b] = [found.data[i], expected.data[i]];
      const off = Math.abs(a - b) / Math.max(1, Math.abs(b));
      // NaN is larger than any tolerance.
      if (!(off <= tolerance)) {
        return bad(`number ${i} of ${name} is ${a} instead of ${b}`);
      }
      if (off > worst) {
        [worst, worstAt] = [off, `${graph.model}, ${place}: ${name} ${a} instead of ${b}`];
      }
    }
    numbers += expected.data.length;
  }
  return { fault: null, numbers, worst, worstAt, tied };
}

/** The literal loop over a provider's own scores. */
function literal(node: ProviderGraph["selections"][number]["node"], scores: Tensor): Tensor {
  const length = scores.shape[scores.shape.length - 1];
  const positions = { shape: [length], data: Float64Array.from({ length }, (_, i) => i) };
  return ruleOf(node.op).evaluate([scores, positions], node.attributes as never);
}

const asInts = ({ shape, data }: Tensor) => ints(Int32Array.from(data), ...shape);
