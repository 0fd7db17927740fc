// The score of mutation testing is computed right, and what it leaves out is there, each with its reason.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nameOf, percent, type Report, scores, type UnnoticedByFile } from "../mutation/score.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const unnoticed: UnnoticedByFile = JSON.parse(text("test/mutation/unnoticed.json"));

describe("the score of mutation testing", () => {
  const source = "let sum = a + b;\nif (sum > 0) {\n  sum = 0;\n}\nlet c = a + b;\n";
  const mutant = (status: string, line: number, from: number, to: number, replacement: string, end = line) => ({
    mutatorName: "Any",
    replacement,
    status,
    location: { start: { line, column: from }, end: { line: end, column: to } },
  });
  const plus = (line: number, column: number, status: string) => mutant(status, line, column, column + 5, "a - b");
  const report = (...mutants: Report["files"][string]["mutants"]): Report => ({
    files: { "a.ts": { source, mutants } },
  });
  const listed = (...names: string[]): UnnoticedByFile => ({ "a.ts": [{ kind: "same", why: "why", mutants: names }] });

  it("names a mutant by its line before and after, and a block by its first", () => {
    expect(nameOf(source, plus(1, 11, "Survived"))).toBe("let sum = a + b; ⇒ let sum = a - b;");
    expect(nameOf(source, mutant("Survived", 2, 14, 2, "{}", 4))).toBe("if (sum > 0) { … ⇒ if (sum > 0) {}");
  });

  it("is the share of what is due: what no test reaches counts, what is listed does not", () => {
    const found = scores(
      report(
        plus(1, 11, "Killed"),
        plus(5, 9, "Survived"),
        mutant("Timeout", 2, 5, 12, "true"),
        mutant("NoCoverage", 2, 14, 2, "{}", 4),
        mutant("Ignored", 1, 1, 4, "x"),
      ),
      listed("let c = a + b; ⇒ let c = a - b;"),
    );
    expect(found).toMatchObject([{ mutants: 4, noticed: 2, listed: 1 }]);
    expect(found[0].living).toEqual(["2: if (sum > 0) { … ⇒ if (sum > 0) {}"]);
    expect(percent(found)).toBeCloseTo((100 * 2) / 3, 12);
    expect(percent([])).toBe(100);
  });

  it("names what the runner failed at, which is neither noticed nor living", () => {
    const [found] = scores(report(plus(1, 11, "Killed"), plus(5, 9, "RuntimeError")), {});
    expect(found).toMatchObject({ mutants: 1, noticed: 1, living: [], broken: ["5: let c = a + b; ⇒ let c = a - b;"] });
  });

  it("takes what ends by its time limit for noticed, unless it is listed as costing time", () => {
    const name = "let c = a + b; ⇒ let c = a - b;";
    const late = report(plus(1, 11, "Killed"), plus(5, 9, "Timeout"));
    expect(scores(late, {})).toMatchObject([{ mutants: 2, noticed: 2, listed: 0 }]);
    const cost: UnnoticedByFile = { "a.ts": [{ kind: "cost", why: "why", mutants: [name] }] };
    expect(scores(late, cost)).toMatchObject([{ mutants: 2, noticed: 1, listed: 1 }]);
    expect(() => scores(late, listed(name))).toThrow("listed as unnoticed");
  });

  it("refuses a list that says more than there is", () => {
    const name = "let c = a + b; ⇒ let c = a - b;";
    expect(() => scores(report(plus(5, 9, "Killed")), listed(name))).toThrow(`a.ts: ${name}`);
    expect(() => scores(report(plus(5, 9, "Survived")), listed(name, name))).toThrow("listed as unnoticed");
    // Of some lines only what is there can be noticed.
    expect(scores(report(plus(1, 11, "Killed")), listed(name), false)).toMatchObject([{ mutants: 1, listed: 0 }]);
    expect(() => scores(report(plus(5, 9, "Killed")), listed(name), false)).toThrow(`a.ts: ${name}`);
    expect(scores(report(plus(5, 9, "Survived"), plus(5, 9, "Survived")), listed(name))[0].living).toHaveLength(1);
  });
});

it("what is listed as unnoticed stands in the code, with a reason", () => {
  for (const [path, entries] of Object.entries(unnoticed)) {
    const lines = text(path)
      .split("\n")
      .map((line) => line.trim());
    for (const { kind, why, mutants } of entries) {
      expect(["same", "cost", "text"], path).toContain(kind);
      expect(why.length, path).toBeGreaterThan(20);
      const gone = mutants.filter((name) => !lines.includes(name.split(" ⇒ ")[0].replace(/ …$/, "")));
      expect(gone, `lines of ${path} have changed: write their new text into test/mutation/unnoticed.json`).toEqual([]);
    }
  }
});
