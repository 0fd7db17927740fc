// Explanations: what was kept, the parts of its score, its weight; and requests as JSON.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explanationText, load, parseRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, now, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

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

describe("explain of statistics", () => {
  const counts = `stats {
      seen: met(on: item.video)
      all: met
      rate: rate(on: item.video, of: liked, k: 2, base: 0.3)
      last: last(on: item.video, of: liked, dim: 2)
      away: since(on: item.video, at: [1h, 90min, 1d], dim: 2)
      near: since(on: item.video, at: [2, 3], dim: 2)
    }`;
  const source = rankSource()
    .replace("liked: flag(dim: 2)\n  }", `liked: flag(dim: 2)\n  }\n  ${counts}`)
    .replace("user, context, candidate]", "user, context, candidate, watched.stats]");
  // Newest first: item 7 twice, not liked last; item 8 long ago, and it is not known whether it was liked.
  const user = {
    time: now,
    history: {
      watched: {
        item: [7, 9, 7, 8],
        time: [3600, 4000, 5400, 1e6].map((ago) => now - ago),
        liked: [false, true, true, null],
      },
    },
  };
  const candidates = { candidates: { item: [7, 8, 399, 9], price: [1, 1, 1, 1] } };

  it("says what was counted beside each candidate, by the definition", async () => {
    const counting = await load(await builtRanked(source), { threads: 1 });
    try {
      const explanations = await (await counting.prepare(user)).explain(candidates);
      const own = (2 + 2 * 0.3) / (3 + 2);
      const rate = (sum: number, n: number) => ((sum + 2 * own) / (n + 2)).toFixed(4);
      const said = explanations.map(({ stats }) => stats.map(({ says }) => says));
      expect(explanations[0].stats.map(({ stat }) => stat)).toEqual(
        ["seen", "all", "rate", "last", "away", "near"].map((name) => `watched.stats.${name}`),
      );
      expect(said).toEqual([
        ["2 behaviours", "4 behaviours", rate(1, 2), "false", "1h to 1.5h", "below place 2"],
        ["1 behaviour", "4 behaviours", rate(0, 0), "none", "1d or more", "place 3 or more"],
        ["0 behaviours", "4 behaviours", rate(0, 0), "none", "none", "none"],
        ["1 behaviour", "4 behaviours", rate(1, 1), "true", "1h to 1.5h", "place 2 to place 3"],
      ]);
      const [seen, , liked, last] = explanations[0].stats.map(({ value }) => value);
      expect(seen).toBeCloseTo(Math.log(3), 6);
      expect(1 / (1 + Math.exp(-liked))).toBeCloseTo((1 + 2 * own) / 4, 6);
      expect(last).toBe(1);
      const text = explanationText(explanations, 1).split("\n");
      expect(text[1]).toBe(
        `  watched.stats: ${["seen", "all", "rate", "last", "away", "near"].map((name, i) => `${name} ${said[0][i]}`).join(", ")}`,
      );
      const empty = await (await counting.prepare({ time: now, history: { watched: { item: [] } } })).explain(
        candidates,
      );
      expect(empty[0].stats.map(({ says }) => says)).toEqual([
        ...["0 behaviours", "0 behaviours", "0.3000", "none", "none", "none"],
      ]);
      expect(await (await counting.prepare(user)).explain({ candidates: { item: [] } })).toEqual([]);
    } finally {
      await counting.close();
    }
  });

  it("has none of a model that counts nothing", async () => {
    const [{ stats }] = await (await twin.prepare(someUser(4))).explain(someCandidates(1));
    expect(stats).toEqual([]);
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
