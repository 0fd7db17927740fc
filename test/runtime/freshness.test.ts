// Stale and refused tables in use, and taking a newer generation into use.
import { afterAll, describe, expect, it } from "vitest";
import { load } from "../../runtime/index.ts";
import { cleanUp, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const other = "ab".repeat(32);
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

describe("a stale table", () => {
  it("is refused unless it is allowed, and then reported in every response, its attention fresh", async () => {
    const dir = await builtRanked(rankSource(), { producer: other, madeAt: ago(60) });
    const strict = await load(dir, { threads: 1 });
    await expect(strict.prepare(someUser(10))).rejects.toThrow(/video_keys.*stale.*maxStaleness/s);
    await strict.close();
    const lenient = await load(dir, { threads: 1, maxStaleness: "15min" });
    const prepared = await lenient.prepare(someUser(10));
    for (let i = 0; i < 2; i++) {
      const found = await prepared.rank(someCandidates(3));
      expect(found).toMatchObject({ stale: true, keys: "fresh", tables: [{ state: "stale" }] });
      expect(found.tables[0].age).toBeGreaterThan(59);
    }
    await lenient.close();
    const old = await load(dir, { threads: 1, maxStaleness: "30s" });
    await expect(old.prepare(someUser(10))).rejects.toThrow(/(?:[6-9]\d|\d{3,}) s old/);
    await old.close();
  });

  it("gives the scores of a fresh one where only the fingerprint differs", async () => {
    const fresh = await load(await builtRanked(rankSource()), { threads: 1 });
    const stale = await load(await builtRanked(rankSource(), { producer: other }), { threads: 1, maxStaleness: "1h" });
    const expected = await (await fresh.prepare(someUser(30))).rank(someCandidates(9));
    const found = await (await stale.prepare(someUser(30))).rank(someCandidates(9));
    expect(expected.keys).toBe("cached");
    expect([...found.kept!.positions]).toEqual([...expected.kept!.positions]);
    found.scores.click.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.scores.click[i], 5);
    });
    await Promise.all([fresh.close(), stale.close()]);
  });
});

describe("a table of another metric, or of other encoders", () => {
  it.each([
    [{ metric: other }, /another metric/],
    [{ encoders: other }, /encoded otherwise/],
  ])("%j", async (made, why) => {
    const twin = await load(await builtRanked(rankSource(), made), { threads: 1, maxStaleness: "365d" });
    await expect(twin.prepare(someUser(5))).rejects.toThrow(why);
    expect(twin.status().tables[0].state).toBe("refused");
    await twin.close();
  });
});

describe("refresh", () => {
  it("takes a newer generation into use; a prepared request keeps its own", async () => {
    const dir = await builtRanked(rankSource(), { producer: other });
    const twin = await load(dir, { threads: 1, maxStaleness: "1h" });
    const before = await twin.prepare(someUser(10));
    expect(await twin.refresh()).toBe(false);
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns, { covered: 100 });
    expect((await (await twin.prepare(someUser(10))).rank(someCandidates(2))).stale).toBe(true);
    expect(await twin.refresh()).toBe(true);
    expect(twin.status()).toMatchObject({ generation: 2, tables: [{ state: "fresh" }] });
    expect((await (await twin.prepare(someUser(10))).rank(someCandidates(2))).stale).toBe(false);
    expect((await before.rank(someCandidates(2))).stale).toBe(true);
    await twin.close();
  });
});
