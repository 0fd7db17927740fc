// Served codes: a table of them gives the bits of computed ones, whatever it misses; another build's are refused.
import { afterAll, describe, expect, it } from "vitest";
import { type LoadOptions, load, type Ranking, selfTest } from "../../runtime/index.ts";
import { cleanUp, type GenerationSettings } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { expectClose, said } from "../kit/rankings.ts";

afterAll(cleanUp);

const kinds = ["hamming(item, bits: 16, seed: 3)", "collision(item, hashes: 24, width: 3, seed: 3)"] as const;
const parts = "[nearest.codes, all.codes, recent.codes]";

/** A search and attends by codes; the first attend goes by the metric over what the search kept. */
const source = (by: string, table: string) =>
  rankSource("", 6)
    .replace("from: watched by: relevance", `from: watched by: ${by}`)
    .replace(
      "over: watched.last(4) by: relevance }",
      `over: watched.last(4) by: ${by} }\nattend all { over: watched by: ${by} }`,
    )
    .replace("interest, recent,", "interest, recent, all,")
    .replace(/table video_keys .*/, table);

const made = new Map<string, Promise<string>>();

function built(by: string, table: string, generation: GenerationSettings = {}): Promise<string> {
  const key = JSON.stringify([by, table, generation]);
  const dir = made.get(key) ?? builtRanked(source(by, table), generation);
  made.set(key, dir);
  return dir;
}

async function ranked(dir: string, options: LoadOptions = {}): Promise<Ranking> {
  const twin = await load(dir, { threads: 1, plan: "graph", ...options });
  try {
    return await (await twin.prepare(someUser(40))).rank(someCandidates(9));
  } finally {
    await twin.close();
  }
}

const exact = (found: Ranking, wanted: Ranking) => {
  expect([...found.kept!.positions]).toEqual([...wanted.kept!.positions]);
  for (const label of ["click", "like"]) {
    expect([...found.scores[label]]).toEqual([...wanted.scores[label]]);
  }
};

describe.each(kinds)("a table of the codes of %s", (by) => {
  it.each(["float32", "float16", "uint8"])("of %s gives the scores of computed codes to the bit", async (precision) => {
    const found = await ranked(await built(by, `table codes { of: ${parts} precision: ${precision} }`));
    exact(found, await ranked(await built(by, "")));
    expect(found.tables).toMatchObject([{ table: "codes", state: "fresh", missed: 0 }]);
  });

  it("computes what it misses under `on_miss: compute`, and all where it holds nothing", async () => {
    const wanted = await ranked(await built(by, ""));
    for (const covered of [100, 0]) {
      const table = `table codes { of: ${parts} on_miss: compute precision: uint8 }`;
      const found = await ranked(await built(by, table, { covered }));
      exact(found, wanted);
      expect(found.tables[0].computed).toBeGreaterThan(10);
    }
  });

  it("keeps nothing that it misses under `on_miss: mask`", async () => {
    const found = await ranked(await built(by, `table codes { of: ${parts} on_miss: mask }`, { covered: 100 }));
    const { item } = someUser(40).history!.watched as unknown as { item: number[] };
    const kept = [...found.kept!.positions].filter((position) => position >= 0);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.every((position) => item[position] < 100)).toBe(true);
    expect(found.tables[0]).toMatchObject({ computed: 0 });
  });

  it.each([
    ["float32", "mask"],
    ["uint8", "zero"],
    ["uint8", "compute"],
  ])("of %s serves the kernel as it serves the graphs: on_miss: %s", async (precision, miss) => {
    const dir = await built(by, `table codes { of: ${parts} precision: ${precision} on_miss: ${miss} }`, {
      covered: 100,
    });
    const [graph, kernel] = [await ranked(dir), await ranked(dir, { plan: "kernel" })];
    expect([graph.plan, kernel.plan]).toEqual(["graph", "kernel"]);
    expect(said(kernel)).toEqual(said(graph));
    expectClose(kernel, graph, by);
  });

  it("explains what it ranks by", async () => {
    const shares = [];
    for (const table of ["", `table codes { of: ${parts} }`]) {
      const twin = await load(await built(by, table), { threads: 1, plan: "graph" });
      const found = await (await twin.prepare(someUser(40))).explain(someCandidates(3));
      shares.push(found.map(({ attends }) => attends));
      await twin.close();
    }
    expect(shares[1]).toEqual(shares[0]);
  });

  it("of other weights or planes is refused, however old a table may be", async () => {
    const table = `table codes { of: ${parts} } table keys { of: relevance.keys }`;
    const dir = await built(by, table, { producer: "ab".repeat(32) });
    const twin = await load(dir, { threads: 1, maxStaleness: "365d" });
    await expect(twin.prepare(someUser(5))).rejects.toThrow(/table codes in .* cannot be used: .*holds codes/);
    expect(twin.status().tables.map(({ table, state }) => [table, state])).toEqual([
      ["codes", "refused"],
      ["keys", "stale"],
    ]);
    await twin.close();
  });

  it("passes the self-test", async () => {
    const dir = await built(by, `table codes { of: ${parts} precision: uint8 }`);
    expect((await selfTest(dir, { threads: 1, requests: 3 })).passed).toBe(true);
  });
});
