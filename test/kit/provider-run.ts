// A model on an execution provider: each of its graphs run on all its cases and judged.
import type { Tensor } from "../../compiler/ir/rule.ts";
import { judge } from "./provider-judge.ts";
import type { ProviderGraph, ProviderModel } from "./provider-models.ts";

/** Outputs of a graph by case. */
export type RunCases = (model: ProviderModel, graph: ProviderGraph) => Promise<Record<string, Record<string, Tensor>>>;

export interface Held {
  readonly faults: string[];
  readonly graphs: number;
  readonly cases: number;
  readonly numbers: number;
  readonly tied: number;
  readonly worst: number;
  /** Where that was. */
  readonly worstAt: string;
  /** Graphs over float16 rows that a device without `shader-f16` refused: the host decodes such rows. */
  readonly refused: string[];
  /** Sides of Ifs that no case took: `search: nearest/If then`. */
  readonly untaken: string[];
}

export async function holds(model: ProviderModel, run: RunCases): Promise<Held> {
  const [faults, refused, untaken]: string[][] = [[], [], []];
  let [graphs, cases, numbers, tied, worst, worstAt] = [0, 0, 0, 0, 0, ""];
  for (const graph of model.graphs) {
    const outputs = await run(model, graph).catch((error: Error) => {
      if (/requires f16/.test(error.message) && graph.graph.inputs.some(({ dtype }) => dtype === "float16")) {
        return null;
      }
      throw new Error(`${model.name}, ${graph.name}: ${error.message}`, { cause: error });
    });
    if (outputs === null) {
      refused.push(graph.name);
      continue;
    }
    graphs++;
    const taken = new Set<string>();
    for (const place of graph.places) {
      const judged = judge(model, graph, place, outputs[place]);
      if (judged.fault !== null) {
        faults.push(judged.fault);
      }
      cases++;
      numbers += judged.numbers;
      tied += judged.tied;
      if (judged.worst > worst) {
        ({ worst, worstAt } = judged);
      }
      for (const name of graph.ifs) {
        taken.add(`${name} ${outputs[place][`side/${name}`].data[0]}`);
      }
    }
    for (const name of graph.ifs) {
      for (const [side, word] of ["then", "else"].entries()) {
        if (!taken.has(`${name} ${side + 1}`)) {
          untaken.push(`${graph.name}: ${name} ${word}`);
        }
      }
    }
  }
  return { faults, graphs, cases, numbers, tied, worst, worstAt, refused, untaken };
}

/** What `npm test` says of some models at its end. */
export function heldText(all: readonly Held[]): string {
  const sum = (key: "graphs" | "cases" | "numbers" | "tied") => all.reduce((total, one) => total + one[key], 0);
  const { worst, worstAt } = all.reduce((a, b) => (b.worst > a.worst ? b : a), { worst: 0, worstAt: "" });
  const refused = all.flatMap((one) => one.refused).length;
  return [
    `${sum("graphs")} graphs of ${all.length} models, ${sum("cases")} cases, ${sum("numbers")} numbers`,
    `worst ${worst.toExponential(1)} (${worstAt}), ${sum("tied")} positions in another order of ties`,
    ...(refused > 0 ? [`${refused} graphs over float16 rows refused for want of shader-f16`] : []),
  ].join("; ");
}
