// Explanations: what was kept, the parts of its score, its weight; and requests as JSON.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explanationText, load, parseRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

let twin: Twin;
beforeAll(async () => {
  twin = await load(await builtRanked(rankSource("precision: float32 on_miss: zero"), { covered: 200 }), {
    threads: 1,
  });
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

describe("explain", () => {
  it("agrees with rank, candidate by candidate", async () => {
    const prepared = await twin.prepare(someUser(40));
    const request = someCandidates(7);
    const ranking = await prepared.rank(request);
    const explanations = await prepared.explain(request);
    const watched = (someUser(40).history as never as { watched: { item: number[]; time: number[] } }).watched;
    expect(explanations).toHaveLength(7);
    explanations.forEach(({ candidate, key, scores, logits, attends }, n) => {
      expect(candidate).toBe(n);
      expect(key).toBe(String((request.candidates.item as number[])[n]));
      expect(scores.click).toBeCloseTo(ranking.scores.click[n], 6);
      expect(logits.like).toBeCloseTo(ranking.logits.like[n], 5);
      const [interest, recent] = attends;
      expect(interest).toMatchObject({ attend: "interest", by: "relevance", over: "nearest" });
      expect(interest.behaviours.map(({ position }) => position)).toEqual([
        ...ranking.kept!.positions.subarray(6 * n, 6 * n + 6),
      ]);
      expect(recent.behaviours).toHaveLength(4);
      for (const { behaviours } of attends) {
        for (const { position, key: item, time, miss } of behaviours) {
          expect(item).toBe(String(watched.item[position]));
          expect(time).toBe(watched.time[position]);
          expect(miss).toBe(watched.item[position] >= 200);
        }
      }
    });
  });

  it("weights are the softmax of metric + bias, by head", async () => {
    const [{ attends }] = await (await twin.prepare(someUser(40))).explain(someCandidates(1));
    for (const { behaviours } of attends) {
      for (let a = 0; a < 2; a++) {
        const shares = behaviours.map(({ heads }) => heads[a]!);
        const powers = shares.map(({ metric, bias }) => Math.exp(metric + bias));
        const sum = powers.reduce((x, y) => x + y, 0);
        shares.forEach(({ weight }, i) => {
          expect(weight).toBeCloseTo(powers[i] / sum, 5);
        });
      }
      for (const { heads, weight } of behaviours) {
        expect(weight).toBeCloseTo((heads[0]!.weight + heads[1]!.weight) / 2, 9);
      }
    }
  });

  it("has nothing to show for an empty history, and no candidates", async () => {
    const empty = await twin.prepare({ history: { item: [] } });
    const [{ attends }] = await empty.explain(someCandidates(1));
    expect(attends.map(({ behaviours }) => behaviours)).toEqual([[], []]);
    expect(await empty.explain({ candidates: { item: [] } })).toEqual([]);
  });

  it("is readable", async () => {
    const text = explanationText(await (await twin.prepare(someUser(40))).explain(someCandidates(2)), 3);
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^\d+ {2}click 0\.\d{4} {2}like 0\.\d{4}$/);
    expect(lines[1]).toBe("  interest, by relevance over nearest: 6 behaviours");
    expect(lines[2]).toMatch(/item +time +weight +of each head +score = metric \+ bias/);
    expect(lines[3]).toMatch(/^ {4}\d+ +2023-\d\d-\d\d \d\d:\d\d +0\.\d{4} +0\.\d{3} 0\.\d{3} /);
    expect(text.split("\n").filter((line) => line.startsWith("    item"))).toHaveLength(4);
  });
});

describe("a request as JSON", () => {
  it("is split into the user's side and the candidates", async () => {
    const text = JSON.stringify({ ...someUser(5), ...someCandidates(2) });
    const { prepare, rank } = parseRequest(`\ufeff${text}`, "request.json");
    expect(Object.keys(prepare)).toEqual(["user", "time", "history"]);
    expect((await (await twin.prepare(prepare)).rank(rank)).scores.click).toHaveLength(2);
  });

  it("refuses keys that JSON has rounded, with their place", async () => {
    const text =
      '{"history": {"item": [9007199254740993], "time": [1700000000], "liked": [true]}, "candidates": {"item": []}}';
    const { prepare } = parseRequest(text, "request.json");
    await expect(twin.prepare(prepare)).rejects.toThrow(/history watched: key 0 .*rounded.*decimal string/);
  });

  it.each([
    ["{", /request\.json is no JSON/],
    ["[1]", /must hold an object/],
    ["{}", /no candidates/],
    ['{"candidates": {}, "histroy": {}}', /did you mean `history`/],
    ['{"candidates": {"item": [1], "item": [2]}}', /names "item" twice/],
  ])("refuses %s", (text, message) => {
    expect(() => parseRequest(text, "request.json")).toThrow(message);
  });
});
