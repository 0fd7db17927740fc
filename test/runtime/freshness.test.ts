// Fresh, stale and refused tables, and taking a newer generation into use.
import { afterAll, describe, expect, it } from "vitest";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { load } from "../../runtime/index.ts";
import { allow, freshness, metricsOf, parseDuration } from "../../runtime/table/freshness.ts";
import { built, cleanUp, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const other = "ab".repeat(32);
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

describe("freshness", () => {
  const manifest = readManifest(built(rankSource("precision: float32", 6, 40)));
  const made = (producer: string, metric: string) => ({
    madeAt: "2024-01-01T00:00:00.000Z",
    fingerprints: { producer: { video_keys: producer }, metric: { relevance: metric } },
  });
  const now = Date.parse("2024-01-01T00:10:00Z") / 1000;
  const { producer, metric } = manifest.fingerprints;

  it("follows the fingerprints", () => {
    expect(metricsOf(manifest, "video_keys")).toEqual(["relevance"]);
    const judge = (p: string, m: string) => freshness(manifest, "video_keys", made(p, m), now);
    expect(judge(producer.video_keys, metric.relevance)).toMatchObject({ state: "fresh", age: 600 });
    expect(judge(other, metric.relevance).state).toBe("stale");
    expect(judge(producer.video_keys, other).state).toBe("refused");
    const none = {
      madeAt: "2024-01-01T00:00:00Z",
      fingerprints: { producer: {}, metric: { relevance: metric.relevance } },
    };
    expect(freshness(manifest, "video_keys", none, now).state).toBe("refused");
  });

  it("refuses a table whose generation names no fingerprint of a metric that it was projected for", () => {
    const silent = { ...made(producer.video_keys, metric.relevance), fingerprints: { producer, metric: {} } };
    const found = freshness(manifest, "video_keys", silent, now);
    expect(found).toMatchObject({ state: "refused" });
    expect(found.because).toMatch(/another metric: relevance \(none\) instead of/);
  });

  it("knows no age of a table that is dated in the future, and so allows it for none", () => {
    const at = (madeAt: string, p = other) =>
      freshness(manifest, "video_keys", { ...made(p, metric.relevance), madeAt }, now);
    // Clocks of two machines may stand a minute apart.
    expect(at("2024-01-01T00:11:00.000Z")).toMatchObject({ state: "stale", age: 0 });
    expect(() => allow(at("2024-01-01T00:11:00.000Z"), 1, "d")).not.toThrow();
    const ahead = at("2024-01-01T00:11:00.001Z");
    expect(ahead).toMatchObject({ state: "stale", age: Number.NaN });
    expect(() => allow(ahead, 1e12, "d")).toThrow(
      /table video_keys in d is stale: .* made at 2024-01-01T00:11:00.001Z, which is in the future.*twin table build d .*set the clock right/,
    );
    // Its age does not matter where it was made with these weights.
    expect(() => allow(at("2034-01-01T00:00:00.000Z", producer.video_keys), 0, "d")).not.toThrow();
  });

  it("allows a stale table up to its age, a refused one never", () => {
    const stale = freshness(manifest, "video_keys", made(other, metric.relevance), now);
    expect(() => allow(stale, 600, "d")).not.toThrow();
    expect(() => allow(stale, 599, "d")).toThrow(/stale.*600 s old and maxStaleness is 599 s.*twin table build d/);
    const refused = freshness(manifest, "video_keys", made(producer.video_keys, other), now);
    expect(() => allow(refused, 1e9, "d")).toThrow(/cannot be used.*another metric/);
    const undated = { ...stale, age: Number.NaN };
    expect(() => allow(undated, 1e9, "d")).toThrow(/stale/);
  });

  it.each([
    [900, 900],
    ["15min", 900],
    ["90s", 90],
    ["1.5h", 5400],
    ["2d", 172800],
  ])("reads %j", (text, seconds) => {
    expect(parseDuration(text, "here")).toBe(seconds);
  });

  it.each([-1, "15", "1 week", Number.NaN])("refuses %j as a duration", (text) => {
    expect(() => parseDuration(text, "here")).toThrow(/here.*no duration/);
  });
});

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
    await expect(old.prepare(someUser(10))).rejects.toThrow(/60 s old|61 s old|6\d s old/);
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
