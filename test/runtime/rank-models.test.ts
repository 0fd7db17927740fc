// Ranking with models of other shapes: two histories, lists by head, hard search, no search, keys that are strings.
import { afterAll, describe, expect, it } from "vitest";
import { keptOf, load, selfTest, selfTestText } from "../../runtime/index.ts";
import { buildInto, built, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const item = `item {
  name: vocabulary(max: 50, min_count: 1, dim: 4, key: true)
  kind: id(vocab: 5, dim: 4)
}
`;
const predict = "hidden: [4] predict { click: binary } }";
const names = Array.from({ length: 12 }, (_, i) => `item-${i}`);
const kinds = names.map((_, i) => i % 4);
const vocabularies = new Map([["item.name", [...names, "item-new"]]]);

async function withItems(source: string): Promise<string> {
  const dir = buildInto(`${temporary()}/build`, source, { vocabularies });
  await writeTables(dir, names, { kind: kinds });
  return dir;
}

describe("two histories", () => {
  const history = (name: string) => `history ${name} { of: item max: 8 cross { ${name}_flag: flag(dim: 2) } }
metric by_${name} { query: item keys: ${name}.item bias: ${name}.cross heads: 2 dim: 3 }
search ${name}_search { from: ${name} by: by_${name} keep: 3 }
attend ${name}_interest { over: ${name}_search by: by_${name} }
`;
  const source = `model pair
${item}${history("seen")}${history("bought")}
tower t { input: [seen_interest, bought_interest, item] ${predict}
table seen_keys { of: by_seen.keys }
table bought_keys { of: [by_bought.keys, bought_interest.values] precision: float16 }
`;

  it("are given by name, each with its own table and its own list", async () => {
    const twin = await load(await withItems(source), { threads: 1 });
    const seen = { item: names.slice(0, 5), seen_flag: [true, false, null, true, true] };
    const bought = { item: ["item-7", "nobody"], bought_flag: [true, true] };
    const prepared = await twin.prepare({ history: { seen, bought } });
    const found = await prepared.rank({ candidates: { item: ["item-1", "item-9"] } });
    expect(Object.keys(found.searches)).toEqual(["seen_search", "bought_search"]);
    expect(found.kept).toBe(found.searches.seen_search);
    expect([...keptOf(found.searches.bought_search, 1)]).toEqual([0, -1, -1]);
    expect(new Set(keptOf(found.searches.seen_search, 0)).size).toBe(3);
    expect(found.tables.map(({ table, found: hits, missed }) => [table, hits, missed])).toEqual([
      ["seen_keys", 5, 0],
      ["bought_keys", 1, 1],
    ]);
    await expect(twin.prepare({ history: { seen } } as never)).rejects.toThrow(/no history `bought`/);
    await expect(twin.prepare({ history: seen } as never)).rejects.toThrow(/history has no column/);
    await twin.close();
  });

  it("pass the self-test", async () => {
    expect((await selfTest(await withItems(source), { threads: 1, requests: 4 })).passed).toBe(true);
  });
});

describe("string keys", () => {
  it("know an item outside the generation by its vocabulary", async () => {
    const source = `model one
${item}history seen { of: item max: 8 }
metric m { query: item keys: seen.item heads: 1 dim: 3 }
search s { from: seen by: m keep: 2 }
attend a { over: s by: m }
tower t { input: [a, item] ${predict}
table keys { of: m.keys }
`;
    const twin = await load(await withItems(source), { threads: 1 });
    const prepared = await twin.prepare({ history: { item: names.slice(0, 3) } });
    const { scores, unknownCandidates } = await prepared.rank({
      candidates: { item: ["item-new", "item-newer", "item-newest"] },
    });
    expect(unknownCandidates).toBe(3);
    expect(scores.click[0]).not.toBe(scores.click[1]);
    expect(scores.click[1]).toBe(scores.click[2]);
    await expect(prepared.rank({ candidates: { item: [null] } } as never)).rejects.toThrow(
      /candidates: key 0 is missing/,
    );
    await twin.close();
  });
});

describe("lists by head", () => {
  it("come with an axis for the heads", async () => {
    const dir = await builtRanked(rankSource().replace("keep: 6", "keep: 6 heads: per_head"));
    const twin = await load(dir, { threads: 1, memory: { scores: 6 * 4 * 2 * 40 * 2 } });
    const prepared = await twin.prepare(someUser(40));
    const { kept } = await prepared.rank(someCandidates(5));
    expect(kept!.shape).toEqual([2, 5, 6]);
    const explained = await prepared.explain(someCandidates(5));
    explained.forEach(({ attends }, n) => {
      for (const head of [0, 1]) {
        const shown = attends[0].behaviours.filter(({ heads }) => heads[head] !== null).map(({ position }) => position);
        expect(new Set(shown)).toEqual(new Set(keptOf(kept!, n, head)));
      }
    });
    await twin.close();
  });
});

describe("hard search", () => {
  const source = `model hard
${item}history seen { of: item max: 12 }
metric m { query: item keys: seen.item heads: 1 dim: 3 }
search s { from: seen by: match(item.kind) keep: 2 }
attend a { over: s by: m }
tower t { input: [a, item] ${predict}
`;

  it("passes the self-test: it goes by another measure than the attention, which need not find all in it", async () => {
    const report = await selfTest(await withItems(source), { threads: 1, requests: 6 });
    expect(report).toMatchObject({ passed: true, otherwise: ["s"] });
    expect(report.full[0].hits).toBeLessThan(report.full[0].wanted);
    expect(selfTestText(report)).toContain("it goes by another measure than the attention, so not all are due");
  });

  it("keeps the newest that match, and −1 where there are fewer", async () => {
    const twin = await load(await withItems(source), { threads: 1 });
    const prepared = await twin.prepare({ history: { item: ["item-0", "item-1", "item-4", "item-8", "item-2"] } });
    const { kept } = await prepared.rank({ candidates: { item: ["item-0", "item-5", "item-3", "nobody"] } });
    expect([0, 1, 2, 3].map((n) => [...keptOf(kept!, n)])).toEqual([
      [0, 2],
      [1, -1],
      [-1, -1],
      [-1, -1],
    ]);
    await twin.close();
  });
});

describe("no search", () => {
  it("ranks over the whole history", async () => {
    const source = `model plain
${item}history seen { of: item max: 6 }
attend a { over: seen by: mean }
tower t { input: [a, item] ${predict}
`;
    const twin = await load(built(source, { vocabularies }), { threads: 1 });
    const side = { item: names.slice(0, 2), items: { kind: [0, 1] } };
    const prepared = await twin.prepare({ history: side });
    const found = await prepared.rank({ candidates: { item: ["item-3"], items: { kind: [3] } } });
    expect(found.kept).toBeNull();
    expect(found).toMatchObject({ tables: [], coverage: 1, misses: 0, keys: "fresh" });
    expect(Number.isFinite(found.scores.click[0])).toBe(true);
    await expect(prepared.explain({ candidates: { item: [] } })).rejects.toThrow(/nothing to explain/);
    await twin.close();
  });
});
