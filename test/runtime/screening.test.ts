// Who has all seeds of a comparison: the best on the validation part, whoever is named, and nobody without a figure.
import { describe, expect, it } from "vitest";
import type { Figure } from "../../cli/compare/outcome.ts";
import { screen } from "../../cli/compare/screening.ts";

const of = (...aucs: number[]): Figure[] => aucs.map((auc) => ({ auc, gauc: 1 - auc, logloss: auc }));
const rule = { few: 2, best: 2, by: "auc", named: [] } as const;
const takenOf = (found: Parameters<typeof screen>[0], how: Parameters<typeof screen>[1]) =>
  screen(found, how).systems.map(({ name, taken }) => `${name} ${taken}`);

const four = [
  { name: "a", validation: of(0.6, 0.7) },
  { name: "b", validation: of(0.9, 0.3) },
  { name: "c", validation: of(0.7, 0.7) },
  { name: "d", validation: of(0.62, 0.62) },
];

describe("a screening", () => {
  it("takes the best by the mean of the runs, not by the best run", () => {
    expect(takenOf(four, rule)).toEqual(["a best", "b null", "c best", "d null"]);
    expect(screen(four, rule).systems[0].validation).toBeCloseTo(0.65, 12);
  });

  it("takes the least logloss, and the greatest GAUC", () => {
    expect(takenOf(four, { ...rule, by: "logloss" })).toEqual(["a null", "b best", "c null", "d best"]);
    expect(takenOf(four, { ...rule, by: "gauc" })).toEqual(["a null", "b best", "c null", "d best"]);
  });

  it("takes who is named beside them, and says of who is both that it is among the best", () => {
    expect(takenOf(four, { ...rule, named: ["b", "c"] })).toEqual(["a best", "b named", "c best", "d null"]);
  });

  it("takes all where there are fewer, the earlier of equal ones, and none without a figure", () => {
    expect(takenOf(four.slice(0, 1), rule)).toEqual(["a best"]);
    const equal = ["x", "y"].map((name) => ({ name, validation: of(0.5) }));
    expect(takenOf(equal, { ...rule, best: 1 })).toEqual(["x best", "y null"]);
    const broken = [{ name: "x", validation: [null, ...of(0.9)] }, { name: "y", validation: of(Number.NaN) }, four[0]];
    expect(takenOf(broken, rule)).toEqual(["x null", "y null", "a best"]);
    expect(screen(broken, rule).systems[0].validation).toBe(null);
  });
});
