// Models at equal samples and equal time: between evaluations in proportion, and none before the first.
import { expect, it } from "vitest";
import { alikeOf } from "../../cli/compare/alike.ts";
import type { CurvePoint, Outcome } from "../../cli/compare/outcome.ts";

const run = (...points: readonly (readonly [samples: number, seconds: number, auc: number])[]): Outcome => {
  const curve: CurvePoint[] = points.map(([samples, seconds, auc]) => ({ samples, seconds, auc }));
  return {
    seed: 1,
    step: 1,
    samples: 1,
    seconds: 1,
    samplesPerSecond: 1,
    auc: 0,
    gauc: 0,
    logloss: 0,
    byHistory: [],
    curve,
    validation: null,
    users: null,
  };
};

it("cuts every curve where the least has its end", () => {
  const slow = [run([100, 50, 0.6], [200, 100, 0.7]), run([100, 50, 0.62], [200, 100, 0.72])];
  const quick = [run([100, 5, 0.5], [300, 15, 0.9])];
  const found = alikeOf([slow, quick]);
  expect([found?.samples, found?.seconds]).toEqual([200, 15]);
  expect(found?.models[0].atSamples).toBeCloseTo(0.71, 12);
  // The slow one was not evaluated within 15 s.
  expect(found?.models[0].atSeconds).toBe(null);
  expect(found?.models[1].atSamples).toBeCloseTo(0.7, 12);
  expect(found?.models[1].atSeconds).toBeCloseTo(0.9, 12);
});

it("is nothing for one model, or where a run was never evaluated", () => {
  expect(alikeOf([[run([1, 1, 0.5])]])).toBe(null);
  expect(alikeOf([[run([1, 1, 0.5])], [run()]])).toBe(null);
});
