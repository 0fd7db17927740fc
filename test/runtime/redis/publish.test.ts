// A generation published into a Redis: a process whose folder holds neither items nor tables ranks as the one that does.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishTables } from "../../../runtime/build-table/publish.ts";
import { load } from "../../../runtime/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { fine, refused } from "../../kit/cli.ts";
import { needs } from "../../kit/needs.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../../kit/rank-model.ts";
import { type RedisServer, startRedis } from "../../kit/redis.ts";

afterAll(cleanUp);

/** The folder as another machine has it: what `twin build` wrote, and what is said of the Redis. */
function elsewhere(dir: string): string {
  const copy = join(temporary(), "served");
  cpSync(dir, copy, { recursive: true });
  rmSync(join(copy, "tables/generations"), { recursive: true });
  rmSync(join(copy, "tables/current"));
  return copy;
}

const answers = async (dir: string, options: Parameters<typeof load>[1] = {}) => {
  const twin = await load(dir, { threads: 1, ...options });
  try {
    const found = [];
    for (const length of [0, 3, 40, 200]) {
      const prepared = await twin.prepare(someUser(length, length + 1, 400));
      for (const candidates of [1, 30]) {
        const asked = someCandidates(candidates, candidates, 400);
        found.push(await prepared.rank(asked), await prepared.explain(asked));
      }
    }
    // Ages are those of the moment.
    const timeless = (key: string, value: unknown) => (key === "age" ? undefined : value);
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value, timeless));
    return { found: found.map(plain), tables: plain(twin.status().tables) };
  } finally {
    await twin.close();
  }
};

describe("a published generation", needs("redis"), () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  it.each([
    ["misses masked", rankSource("precision: float16 on_miss: mask"), "none"],
    ["misses as zeros", rankSource("precision: float32 on_miss: zero"), "none"],
    ["misses projected", rankSource("precision: float32 on_miss: compute"), "none"],
    ["misses projected, embeddings outside", rankSource("precision: uint8 on_miss: compute"), "all"],
    [
      "keys fresh",
      rankSource().replace("over: nearest by: relevance", "over: nearest by: relevance keys: fresh"),
      "all",
    ],
  ] as const)("ranks as its folder does: %s", async (_, source, outside) => {
    const dir = await builtRanked(source, { covered: 150 }, { outside });
    const report = await publishTables({ dir, to: server.address });
    expect(report.spaces.map(({ rows }) => rows)).toContain("items");
    expect(report.spaces.some(({ rows }) => rows.startsWith("embedding"))).toBe(outside === "all");
    const before = await answers(dir, { store: "files" });
    const served = elsewhere(dir);
    const after = await answers(served);
    expect(after.found).toEqual(before.found);
    expect(after.tables).toEqual(before.tables);
    // Threads ask it themselves.
    expect((await answers(served, { workers: 2 })).found).toEqual(before.found);
  });

  it("is chosen where the folder holds tables of its own, too", async () => {
    const dir = await builtRanked();
    await expect(load(dir, { store: "redis" })).rejects.toThrow(/has no tables in a Redis yet: twin table publish/);
    await publishTables({ dir, to: server.address });
    const [files, redis] = [await answers(dir), await answers(dir, { store: "redis" })];
    expect(redis.found).toEqual(files.found);
    await expect(load(dir, { store: "memory" as never })).rejects.toThrow(/store is "memory"; bring "auto"/);
  });

  it("goes on where it was stopped, and writes no row twice", async () => {
    const dir = await builtRanked();
    let turns = 0;
    const signal = {
      throwIfAborted() {
        if (++turns > 4) {
          throw new Error("stopped here");
        }
      },
    } as AbortSignal;
    // Three pieces of the items, and one of the table.
    await expect(publishTables({ dir, to: server.address, signal, batch: 100 })).rejects.toThrow("stopped here");
    expect(existsSync(join(dir, "tables/published.json"))).toBe(false);
    const notes: string[] = [];
    const report = await publishTables({ dir, to: server.address, note: (text) => notes.push(text) });
    expect(notes.join()).toMatch(/items: going on at row 300 of 300/);
    expect(report.written).toBe(300);
    expect(existsSync(join(dir, "tables/publishing.json"))).toBe(false);
    await answers(elsewhere(dir));
  });

  it("keeps its generation when another is published", async () => {
    const dir = await builtRanked();
    await publishTables({ dir, to: server.address });
    const served = elsewhere(dir);
    const twin = await load(served);
    const asked = async () => (await (await twin.prepare(someUser(9))).rank(someCandidates(9))).scores.click;
    const before = await asked();
    await publishTables({ dir, to: server.address });
    expect(await twin.refresh()).toBe(false);
    expect(await asked()).toEqual(before);
    // The folder is told of the other one: it takes it into use, and who had prepared goes on.
    const prepared = await twin.prepare(someUser(9));
    cpSync(join(dir, "tables/published.json"), join(served, "tables/published.json"));
    expect(await twin.refresh()).toBe(true);
    expect((await prepared.rank(someCandidates(9))).scores.click).toEqual(before);
    expect(await asked()).toEqual(before);
    await twin.close();
  });

  it.each([0, 1])(
    "reads embeddings where the tables in use lie, also when these change: %d workers",
    async (workers) => {
      const dir = await builtRanked(
        rankSource("precision: float32 on_miss: compute"),
        { covered: 150 },
        { outside: "all" },
      );
      await publishTables({ dir, to: server.address });
      const served = elsewhere(dir);
      const twin = await load(served, { workers });
      const asked = async () => (await (await twin.prepare(someUser(9))).rank(someCandidates(9))).scores.click;
      await publishTables({ dir, to: server.address });
      cpSync(join(dir, "tables/published.json"), join(served, "tables/published.json"));
      // Nobody holds the one before: its connection is closed.
      expect(await twin.refresh()).toBe(true);
      const before = await asked();
      // And a generation in files takes over from the one in the Redis, though it has the same number.
      cpSync(join(dir, "tables/generations"), join(served, "tables/generations"), { recursive: true });
      cpSync(join(dir, "tables/current"), join(served, "tables/current"));
      expect(await twin.refresh()).toBe(true);
      expect(await twin.refresh()).toBe(false);
      expect(await asked()).toEqual(before);
      await twin.close();
    },
  );

  it("refuses embedding rows of other weights", async () => {
    const [one, other] = await Promise.all(
      [1, 2].map((seed) => builtRanked(rankSource(), {}, { outside: "all", seed })),
    );
    await publishTables({ dir: one, to: server.address });
    cpSync(join(one, "tables/published.json"), join(other, "tables/published.json"));
    await expect(load(other, { store: "redis", maxStaleness: "1h" })).rejects.toThrow(
      /the rows of item\.\w+\.table in redis:.* are of other weights than the build's.*twin table publish/,
    );
  });

  it("refuses rows of other weights, and a file that was changed", async () => {
    const dir = await builtRanked();
    await publishTables({ dir, to: server.address });
    const path = join(dir, "tables/published.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      text.replace(/"prefix": "twin:(.)/, (_, digit) => `"prefix": "twin:${digit === "0" ? "1" : "0"}`),
    );
    await expect(load(dir, { store: "redis" })).rejects.toThrow(/published.json: its checksum does not fit/);
    writeFileSync(path, text.slice(0, 200));
    await expect(load(dir, { store: "redis" })).rejects.toThrow(/published.json is no JSON text.*twin table publish/);
  });

  it("is told of by `twin verify`, sound, damaged or of other weights", async () => {
    const [dir, other] = await Promise.all(
      [1, 2].map((seed) => builtRanked(rankSource(), {}, { outside: "all", seed })),
    );
    await publishTables({ dir, to: server.address });
    const served = elsewhere(dir);
    const { stdout } = await fine(["verify", served]);
    expect(stdout).toMatch(/sound {4}tables\/published\.json: generation 1 in redis:\/\/\S+, which was not asked\n/);
    expect(stdout).toMatch(/fresh {4}table video_keys: made with these weights/);
    const path = join(served, "tables/published.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(/"count": 300/, '"count": 301'));
    const damaged = await refused(1, ["verify", served], [/is not sound/], /./);
    expect(damaged.stdout).toMatch(/damaged {2}tables\/published\.json: .*its checksum does not fit/);
    cpSync(join(dir, "tables/published.json"), join(other, "tables/published.json"));
    const misfit = await refused(1, ["verify", other], [/is not sound/], /./);
    expect(misfit.stdout).toMatch(/refused {2}tables\/published\.json: .*are of other weights than the build's/);
  });

  it("is told of a server that is away, whose rows are then no misses", async () => {
    const own = await startRedis();
    try {
      const dir = await builtRanked(rankSource("precision: float32 on_miss: zero"));
      await publishTables({ dir, to: own.address });
      const twin = await load(elsewhere(dir));
      await twin.prepare(someUser(5));
      await own.kill();
      await expect(twin.prepare(someUser(5))).rejects.toThrow(
        /redis:\/\/127\.0\.0\.1:\d+: (nobody answers|it does not answer in time)/,
      );
      await twin.close();
      await expect(load(elsewhere(dir), { store: "redis" })).rejects.toThrow(/nobody answers there/);
    } finally {
      await own.close();
    }
  });

  it("is written and named by the command line, which never prints a password", async () => {
    const dir = await builtRanked();
    const { stdout } = await fine(["table", "publish", dir, "--to", server.address, "--buckets", "16"]);
    expect(stdout).toMatch(/generation 1 lies in redis:\/\/127\.0\.0\.1:\d+; 600 rows/);
    expect(stdout).toMatch(/items: 300 rows, generation \d+ there/);
    const secret = await refused(
      1,
      ["table", "publish", dir, "--to", "redis://me:hush@127.0.0.1:1"],
      [/TWIN_REDIS_PASSWORD/],
    );
    expect(secret.stderr).not.toContain("hush");
    await refused(1, ["table", "publish", dir, "--to", "http://x"], [/is no address of a Redis/]);
    await refused(1, ["table", "publish", dir, "--to", "redis://127.0.0.1:1"], [/nobody answers there/]);
  });
});
