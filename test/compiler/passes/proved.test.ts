// Every pass is proved: each of its rules fires where it should, none does where a score would change, and with a rule or a
// condition switched off a named case fails.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultContext, everyPass, foldParameters } from "../../../compiler/passes/index.ts";
import { fault, mutated, operators, type PassCases, rewriteOf } from "../../kit/pass-cases.ts";
import { proved } from "./cases/index.ts";

const root = join(import.meta.dirname, "../../..");
const passOf = (name: string) => everyPass.find((pass) => pass.name === name);

it("names every pass of the table, and the folding of parameters", () => {
  expect(proved.map(({ pass }) => pass)).toEqual([...everyPass.map(({ name }) => name), "fold-parameters"]);
});

describe.each(proved.map((one) => [one.pass, one] as const))("%s", (name, proof: PassCases) => {
  const pass = passOf(name);
  const rewrite = rewriteOf(pass ?? foldParameters);
  const source = readFileSync(join(root, proof.file), "utf8");

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

  it("has a case for each numbered rule, a graph that must stay, and a mutant of each rule", () => {
    const rules = [...source.matchAll(/^ \* {2}(\d)\. /gm)].map(([, number]) => Number(number));
    const shown = (names: readonly string[]) =>
      [...new Set(names.flatMap((one) => proof.cases[one]?.rule ?? []))].sort((a, b) => a - b);
    expect(shown(Object.keys(proof.cases))).toEqual(rules);
    expect(shown(proof.mutants.map(({ caughtBy }) => caughtBy))).toEqual(rules);
    expect(Object.values(proof.cases).filter(({ gives }) => gives === undefined).length).toBeGreaterThan(0);
    // A condition that stands between a look-alike and wrong scores, not only one that asks whether it pays.
    const guards = proof.mutants.filter(({ caughtBy }) => proof.cases[caughtBy]?.gives === undefined);
    expect(guards.some(({ as }) => as !== "form")).toBe(proof.harmless === undefined);
  });

  it.each(proof.mutants.map((mutant) => [mutant.off, mutant.caughtBy, mutant] as const))(
    "without “%s” fails: %s",
    async (_, caughtBy, mutant) => {
      const one = proof.cases[caughtBy];
      expect(one).toBeDefined();
      expect(fault(await mutated(proof, mutant), one, proof.keeps)?.kind).toBe(mutant.as);
    },
  );
});
