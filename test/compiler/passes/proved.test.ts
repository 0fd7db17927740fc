// The cases of every pass prove it: with a rule or a condition switched off a named case fails.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fault, type PassCases } from "../../kit/pass-cases.ts";
import { mutated } from "../../kit/pass-mutants.ts";
import { proved } from "./cases/index.ts";

const root = join(import.meta.dirname, "../../..");

describe.each(proved.map((one) => [one.pass, one] as const))("%s", (_, proof: PassCases) => {
  const source = readFileSync(join(root, proof.file), "utf8");

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
    async (_off, caughtBy, mutant) => {
      const one = proof.cases[caughtBy];
      expect(one).toBeDefined();
      expect(fault(await mutated(proof, mutant), one, proof.keeps)?.kind).toBe(mutant.as);
    },
  );
});
