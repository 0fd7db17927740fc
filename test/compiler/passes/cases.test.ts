// Every pass fires where it should, keeps every score, and does nothing where a score would change.
import { describe, expect, it } from "vitest";
import { defaultContext, everyPass, foldParameters } from "../../../compiler/passes/index.ts";
import { fault, operators, type PassCases, rewriteOf } from "../../kit/pass-cases.ts";
import { proved } from "./cases/index.ts";

it("names every pass of the table, and the folding of parameters", () => {
  expect(proved.map(({ pass }) => pass)).toEqual([...everyPass.map(({ name }) => name), "fold-parameters"]);
});

describe.each(proved.map((one) => [one.pass, one] as const))("%s", (name, proof: PassCases) => {
  const pass = everyPass.find((one) => one.name === name);
  const rewrite = rewriteOf(pass ?? foldParameters);

  it("says what it keeps", () => {
    expect(proof.keeps).toBe(pass?.keeps ?? "float32");
  });

  it.each(Object.entries(proof.cases))("%s", (_, one) => {
    expect(fault(rewrite, one, proof.keeps)).toBeNull();
    if (pass === undefined) {
      return;
    }
    const context = { ...defaultContext, ...one.context };
    const after = rewrite(one.graph, context, () => {
      throw new Error("it reads no parameter");
    });
    for (const condition of pass.ensures) {
      expect(condition.check(after, context, one.graph), condition.name).toBeNull();
    }
    // What a graph shows that a rule fires on is what the pass promises is gone.
    expect(operators(rewrite(after, context, () => null as never))).toBe(operators(after));
  });
});
