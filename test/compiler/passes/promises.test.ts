// What a pass promises is gone stands in the graphs that it changes: a promise that sees nothing would hold of everything.
import { describe, expect, it } from "vitest";
import { defaultContext, everyPass } from "../../../compiler/passes/index.ts";
import { proved } from "./cases/index.ts";

describe("a promise", () => {
  it.each(everyPass.map((pass) => [pass.name, pass] as const))("is broken before %s", (name, { ensures }) => {
    const { cases } = proved.find(({ pass }) => pass === name)!;
    for (const [title, { graph, gives, beside, context }] of Object.entries(cases)) {
      const broken = ensures.some(
        (condition) => condition.check(graph, { ...defaultContext, ...context }, graph) !== null,
      );
      expect(broken, title).toBe(gives !== undefined && beside !== true);
    }
  });
});
