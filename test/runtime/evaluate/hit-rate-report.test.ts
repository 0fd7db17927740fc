// The hit rate over a range of k, by history, and on tables of other precision and age.
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { readHistories } from "../../../runtime/data/index.ts";
import { evaluate } from "../../../runtime/evaluate/evaluate.ts";
import { hitRateReport } from "../../../runtime/evaluate/hit-rate-report.ts";
import { evaluationText } from "../../../runtime/evaluate/report-text.ts";
import { asRequest } from "../../../runtime/evaluate/score.ts";
import type { RankedRequest } from "../../../runtime/hit-rate/index.ts";
import { hitRateCurves, hitRates, hitsWithin, ksUpTo } from "../../../runtime/hit-rate/index.ts";
import { roundRobin } from "../../../runtime/kernel/round-robin.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { evaluated } from "../../kit/evaluated.ts";

afterAll(cleanUp);

it("counts at each k what a search with that k would hit: prefixes of both lists", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(scores, scores, fc.integer({ min: 1, max: 12 }), (ours, theirs, k) => {
      const shape = { heads: 2, candidates: 1, history: 12 };
      const list = (of: readonly number[], keep: number) => roundRobin(of, shape, 0, keep);
      const expected = [...list(ours, k)].filter((place) => list(theirs, k).includes(place)).length;
      expect(hitsWithin(list(ours, 12), list(theirs, 12), k)).toBe(expected);
    }),
  );
  expect(ksUpTo(100)).toEqual([1, 2, 5, 10, 20, 50, 100]);
  expect(ksUpTo(4)).toEqual([1, 2, 4]);
  expect(ksUpTo(1)).toEqual([1]);
});

it("is measured on the tables as built, older ones, and every item in each precision", async () => {
  const world = await evaluated({ precision: "uint8", coverage: "60%" });
  // An earlier checkpoint: the same metric, other weights.
  const earlier = await evaluated({ precision: "float32" }, 2);
  const foreign = await evaluated({ key: "hashed(buckets: 60, dim: 4, key: true)", precision: "float32" });
  const twin = await LocalTwin.open(world.dir, { threads: 1 });
  const requests: RankedRequest[] = [];
  for await (const { requests: each } of readHistories(world.binding, twin.manifest, { part: "test" })) {
    for (const sample of each) {
      requests.push(asRequest(sample) as RankedRequest);
    }
  }
  const found = await hitRateReport(twin, requests, { table: earlier.dir, edges: [22] });
  // As a comparison asks: the same of the tables as built, and nothing is projected for others.
  expect(await hitRateReport(twin, requests, { edges: [22], builtAlone: true })).toEqual(found.slice(0, 1));
  expect(found.map(({ tables }) => tables)).toEqual([
    "as built",
    earlier.dir,
    "every item, float32",
    "every item, float16",
    "every item, uint8",
  ]);
  const rate = (i: number) => found[i].curves![0].hits / found[i].curves![0].wanted;
  const [built, older, float32, float16, uint8] = [0, 1, 2, 3, 4].map(rate);
  expect(found.map(({ state }) => state)).toEqual(["fresh", "stale", "fresh", "fresh", "fresh"]);
  expect(float32).toBe(1);
  expect(older).toBeLessThan(0.9);
  expect(built).toBeLessThan(0.9);
  expect(found[0].curves![0].found).toBeLessThan(found[0].curves![0].looked);
  expect(float16).toBeGreaterThanOrEqual(uint8);
  expect(uint8).toBeGreaterThan(0.8);

  const [curve] = found[1].curves!;
  const [[plain]] = await hitRates([twin.engine], requests);
  expect(found[0].curves![0]).toMatchObject(plain);
  expect(curve.byK.map(({ k }) => k)).toEqual([1, 2, 4]);
  expect(curve.byK.at(-1)).toEqual({ k: 4, wanted: curve.wanted, hits: curve.hits });
  expect(curve.byK[0].wanted).toBe(curve.lists);
  const sum = (key: "lists" | "wanted" | "hits") => curve.byHistory.reduce((all, one) => all + one[key], 0);
  expect([sum("lists"), sum("wanted"), sum("hits")]).toEqual([curve.lists, curve.wanted, curve.hits]);
  expect(curve.byHistory.map(({ name }) => name)).toEqual(["≤ 22", "> 22"]);

  await expect(hitRateReport(twin, requests, { table: foreign.dir, edges: null })).rejects.toThrow(
    /--table: table video_keys of .* cannot be used with these weights/,
  );
  const small = await hitRateReport(twin, requests.slice(0, 1), { edges: null, memory: 100 });
  expect(small.at(-1)!.notMeasured).toContain("100 may be used");

  const report = await evaluate(twin, world.binding, { hitRequests: 3, users: 1 });
  expect(report.hitRate!.requests).toBe(3);
  expect(evaluationText(report)).toMatch(
    /every item, float32 \(fresh\):\n {2}nearest: \d+ of \d+ behaviours at k = 4 \(100 %\)/,
  );
  await twin.close();
});

it("by history cuts at terciles where no ends are given", async () => {
  const world = await evaluated();
  const twin = await LocalTwin.open(world.dir, { threads: 1 });
  const requests: RankedRequest[] = [];
  for await (const { requests: each } of readHistories(world.binding, twin.manifest, { users: 2 })) {
    for (const sample of each) {
      requests.push(asRequest(sample) as RankedRequest);
    }
  }
  const [[curve]] = await hitRateCurves([twin.engine], requests);
  expect(curve.byHistory).toHaveLength(3);
  const lists = curve.byHistory.map(({ lists: some }) => some);
  expect(Math.max(...lists) - Math.min(...lists)).toBeLessThanOrEqual(6);
  await twin.close();
});
