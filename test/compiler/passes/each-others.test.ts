// Every pass on the graphs of all other passes' cases: results stay, and what it promises holds.
import { describe, expect, it } from "vitest";
import { type Graph, topological } from "../../../compiler/ir/graph.ts";
import { defaultContext, everyPass } from "../../../compiler/passes/index.ts";
import { fault, rewriteOf } from "../../kit/pass-cases.ts";
import { proved } from "./cases/index.ts";

/** Tables of thousands of rows say no more than small ones, and a division by 0 would be compared as NaN. */
const small = ({ outputs }: Graph) =>
  topological(outputs.map(({ value }) => value)).every(
    ({ node, shape }) => node.op !== "parameter" || Number(shape[0]) < 100,
  );
const graphs = proved.flatMap(({ pass, cases }) =>
  Object.entries(cases)
    .filter(([name, { graph }]) => name !== "−0 is not 0" && small(graph))
    .map(([name, { graph }]) => ({ pass, name: `${pass}: ${name}`, graph })),
);

describe("graphs that other passes are for", () => {
  it.each(everyPass.map((pass) => [pass.name, pass] as const))("are kept by %s", (own, pass) => {
    for (const { pass: other, name, graph } of graphs) {
      if (other === own) {
        continue;
      }
      const after = pass.run(graph, defaultContext);
      if (after.outputs.some(({ value }, at) => value !== graph.outputs[at].value)) {
        const found = fault(rewriteOf(pass), { graph }, pass.keeps);
        // That it fires is no fault.
        expect(found?.kind === "form" ? null : found, name).toBeNull();
      }
      for (const condition of pass.ensures) {
        expect(condition.check(after, defaultContext, graph), `${name}: ${condition.name}`).toBeNull();
      }
    }
  });
});
