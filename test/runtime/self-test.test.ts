// The self-test, hit rates, ties, parity: they pass on sound builds, and fail on broken ones.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { percent } from "../../runtime/evaluate/percent.ts";
import { onlyTies } from "../../runtime/hit-rate/index.ts";
import { evaluateHitRate, load, selfTest, selfTestText } from "../../runtime/index.ts";
import { ranked, roundRobin, select } from "../../runtime/kernel/round-robin.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { vouchFor } from "../kit/sealed.ts";

afterAll(cleanUp);

const small = { threads: 1, requests: 6, candidates: 4 };

describe("the self-test", () => {
  it("finds all with a full float32 table, and measures the tables as built beside it", async () => {
    const dir = await builtRanked(rankSource("precision: uint8"), { covered: 150 });
    const report = await selfTest(dir, small);
    expect(report.passed).toBe(true);
    expect(report.full[0]).toMatchObject({ search: "nearest", lists: 24 });
    expect(report.full[0].hits).toBe(report.full[0].wanted);
    const asBuilt = report.asBuilt![0];
    expect(asBuilt.wanted).toBe(report.full[0].wanted);
    expect(asBuilt.hits).toBeLessThan(asBuilt.wanted);
    expect(asBuilt.found / asBuilt.looked).toBeGreaterThan(0.3);
    expect(asBuilt.found / asBuilt.looked).toBeLessThan(0.7);
    expect(new Set(report.parity.map(({ graph }) => graph)).size).toBe(13);
    const text = selfTestText(report);
    expect(text).toMatch(/full float32 table:\n {2}nearest: (\d+) of \1 behaviours of 24 lists \(100 %\)/);
    expect(text).toMatch(/tables as built:\n {2}nearest: .*table coverage \d\d\.\d\d %/);
    expect(text.trimEnd().endsWith("passed")).toBe(true);
  });

  it.each([
    ["per_head", rankSource().replace("keep: 6", "keep: 6 heads: per_head")],
    ["max", rankSource().replace("keep: 6", "keep: 6 heads: max")],
    ["no table", rankSource().replace(/table video_keys .*\n/, "")],
  ])("passes without built tables: %s", async (name, source) => {
    const report = await selfTest(built(source), small);
    expect(selfTestText(report)).toMatch(/made-up items/);
    expect(report.notMeasured).toMatch(name === "no table" ? /has no table/ : /no table is built/);
    expect(report.passed).toBe(true);
    expect(report.full[0].hits).toBe(report.full[0].wanted);
  });

  it("fails where the weights are not those of the reference", async () => {
    const dir = built(rankSource());
    const path = join(dir, "weights.safetensors");
    const bytes = readFileSync(path);
    const floats = new Float32Array(64).fill(0.5);
    bytes.set(new Uint8Array(floats.buffer), bytes.length - floats.byteLength);
    writeFileSync(path, bytes);
    await expect(selfTest(dir, small)).rejects.toThrow(/weights\.safetensors is damaged: bytes 0 to /);
    vouchFor(dir, "weights.safetensors");
    const report = await selfTest(dir, small);
    expect(report.passed).toBe(false);
    expect(selfTestText(report)).toMatch(/WRONG/);
  });
});

describe("the hit rate of a loaded model", () => {
  it("counts what the table's misses cost", async () => {
    const twin = await load(await builtRanked(rankSource(), { covered: 100 }), { threads: 1 });
    const requests = [0, 3, 40].map((length) => ({ prepare: someUser(length), rank: someCandidates(5) }));
    const [rate] = await evaluateHitRate(twin, requests);
    expect(rate).toMatchObject({ lists: 15, wanted: 5 * (0 + 3 + 6), looked: 43 });
    expect(rate.hits).toBeLessThan(rate.wanted);
    expect(rate.different).toBeGreaterThan(0);
    expect(rate.tied).toBe(0);
    await twin.close();
  });
});

describe("percent", () => {
  it("is never rounded up", () => {
    expect(percent(99_999, 100_000)).toBe("99.99 %");
    expect(percent(999_999_999, 1_000_000_000)).toBe("99.99 %");
    expect(percent(7, 7)).toBe("100 %");
    expect(percent(0, 7)).toBe("0.00 %");
    expect(percent(0, 0)).toBe("none to find");
  });
});

describe("selections", () => {
  it("walk the heads in turn", () => {
    // Head 0 ranks 0, 1, 2, 3; head 1 ranks 0, 3, 2, 1.
    const scores = [4, 3, 2, 1, 9, 1, 2, 3];
    const shape = { heads: 2, candidates: 1, history: 4 };
    expect([...roundRobin(scores, shape, 0, 3)]).toEqual([0, 1, 3]);
    expect([...roundRobin(scores, shape, 0, 9)]).toEqual([0, 1, 3, 2]);
    expect(select("per_head", scores, shape, 0, 2).map((list) => [...list])).toEqual([
      [0, 1],
      [0, 3],
    ]);
    expect(select("max", scores, shape, 0, 3).map((list) => [...list])).toEqual([[0, 1, 3]]);
  });

  it("give ties to the lower position, and NaN the last place", () => {
    expect([...ranked([1, 2, 2, Number.NaN, 2, -1e30], 0, 6)]).toEqual([1, 2, 4, 0, 5, 3]);
  });

  it("are the k smallest first meetings, as the paper's walk has it", () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 4 }), (scores, keep) => {
        const met = [0, 1, 2, 3].map((i) => {
          const ranks = [0, 1, 2].map((a) => [...ranked(scores, 4 * a, 4)].indexOf(i) * 3 + a);
          return Math.min(...ranks);
        });
        const expected = [0, 1, 2, 3].sort((a, b) => met[a] - met[b]).slice(0, keep);
        expect([...roundRobin(scores, { heads: 3, candidates: 1, history: 4 }, 0, keep)]).toEqual(expected);
      }),
    );
  });
});

describe("near-ties", () => {
  it("excuse what float32 cannot decide, and nothing else", () => {
    const row = { heads: [[1, 1 + 1e-7, 0.5]], count: 3 };
    expect(onlyTies(row, new Set([0]), new Set([1]))).toBe(true);
    expect(onlyTies(row, new Set([2]), new Set([1]))).toBe(false);
    expect(onlyTies(row, new Set([]), new Set([1]))).toBe(false);
  });
});
