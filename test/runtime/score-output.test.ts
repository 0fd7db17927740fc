// What candidates are ordered by, where the model runs: Σ weight · ln p, however far from 0 the log-odds are.
import { afterAll, describe, expect, it } from "vitest";
import { bestFirst, orderedBy } from "../../cli/verbs/rank.ts";
import { initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

const source = rankSource().replace("like: binary }", "like: binary(through: click) } score { like: 0.5 click: 1 }");

/** Start values, the last layers' so many times as large. */
function times(factor: number): WeightSource {
  const all = parameters(compiled(source, { vocabularies: new Map() }).model!);
  const start = initialValues(all, 1);
  const read = (name: string): Float32Array =>
    /ranking.(click|like).weight/.test(name) ? start.read(name).map((x) => factor * x) : start.read(name).slice();
  return {
    tensors: new Map(all.map((one) => [one.name, one])),
    step: 1,
    path: "drawn",
    read,
    chunks: (name) => [littleEndian(read(name))],
  };
}

describe.each(["graph", "kernel"] as const)("by the %s", (plan) => {
  it.each([1, 1000, 100_000])(
    "is the sum over labels, with log-odds %d times as large",
    async (factor) => {
      const dir = await builtRanked(source, {}, { weights: times(factor) });
      const twin = await load(dir, { threads: 1, plan });
      try {
        const prepared = await twin.prepare(someUser(30));
        const request = someCandidates(25);
        const ranking = await prepared.rank(request);
        const { score, logits, scores } = ranking;
        const logOf = (z: number) => -Math.log1p(Math.exp(-Math.abs(z))) + Math.min(z, 0);
        const due = Float64Array.from(logits.click, (z, i) => logOf(z) + 0.5 * logOf(logits.like[i]));
        expect(score).toHaveLength(25);
        expect(orderedBy(ranking, ["click", "like"])).toBe(score);
        const [best, next] = bestFirst(score!);
        expect(score![best]).toBeGreaterThanOrEqual(score![next]);
        due.forEach((value, i) => {
          expect(Math.abs(score![i] - value)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value)));
          if (factor === 1) {
            expect(score![i]).toBeCloseTo(Math.log(scores.click[i] * Math.sqrt(scores.like[i])), 5);
          }
        });
        const explained = await prepared.explain(request);
        explained.forEach((one, i) => {
          expect(Math.abs(one.score! - score![i])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(score![i])));
        });
        if (factor === 1) {
          expect((await selfTest(dir, { threads: 1, requests: 3 })).passed).toBe(true);
        }
      } finally {
        await twin.close();
      }
    },
    120_000,
  );
});

it("is null where the model has none", async () => {
  const twin = await load(await builtRanked(), { threads: 1 });
  const prepared = await twin.prepare(someUser(3));
  const ranking = await prepared.rank(someCandidates(2));
  expect(ranking.score).toBeNull();
  expect(orderedBy(ranking, ["click", "like"])).toBe(ranking.logits.click);
  await twin.close();
}, 60_000);
