// `load({cache})`: rows of files and of a Redis kept in memory, what `status()` says of it, and generations that follow.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { publishTables } from "../../runtime/build-table/publish.ts";
import { type LoadOptions, load, type Twin } from "../../runtime/index.ts";
import { Layers } from "../../runtime/table/layers.ts";
import type { OpenParts } from "../../runtime/table/opened-generation.ts";
import type { TableStore } from "../../runtime/table/table-store.ts";
import { cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { startRedis } from "../kit/redis.ts";

afterAll(cleanUp);

const inFiles: LoadOptions = { threads: 1, memory: { table: 1 } };

const asked = async (twin: Twin, seed = 9) => {
  const prepared = await twin.prepare(someUser(40, seed, 400));
  return [...(await prepared.rank(someCandidates(20, seed, 400))).logits.click];
};

describe("a cache of rows", () => {
  it.each([0, 2])("changes no answer, and says how many keys it had: %d workers", async (workers) => {
    const dir = await builtRanked(
      rankSource("precision: uint8 on_miss: compute"),
      { covered: 150 },
      { outside: "all" },
    );
    const plain = await load(dir, { ...inFiles, workers });
    const cached = await load(dir, { ...inFiles, workers, cache: 200_000 });
    try {
      expect(plain.status().cache).toBeNull();
      expect(cached.status().cache).toMatchObject({ bytes: 200_000, hitRate: null });
      for (let turn = 0; turn < 3; turn++) {
        for (const seed of [1, 2, 3]) {
          expect(await asked(cached, seed)).toEqual(await asked(plain, seed));
        }
      }
      const { hitRate, stores } = cached.status().cache!;
      expect(stores.map(({ name }) => name).sort()).toEqual(
        expect.arrayContaining(["embedding item.author.table", "items", "table video_keys"]),
      );
      expect(hitRate).toBeGreaterThan(0.4);
      for (const { rows, most, hits, misses, hitRate: own } of stores) {
        expect(rows).toBeLessThanOrEqual(most);
        expect(own).toBe(hits / (hits + misses));
      }
      expect(stores.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(200_000);
    } finally {
      await Promise.all([plain.close(), cached.close()]);
    }
  });

  it("has nothing to keep of what lies in memory", async () => {
    const twin = await load(await builtRanked(), { threads: 1, cache: 1_000_000 });
    await asked(twin);
    expect(twin.status().cache).toEqual({ bytes: 1_000_000, hitRate: null, stores: [] });
    await twin.close();
  });

  it.each([0, 2])(
    "never answers with rows of a generation before: %d workers",
    async (workers) => {
      const dir = await builtRanked();
      const twin = await load(dir, { ...inFiles, workers, cache: 100_000 });
      const { keys, columns } = itemColumns();
      for (const covered of [250, 10, 300, 120]) {
        const before = await twin.prepare(someUser(40, 9));
        const old = [...(await before.rank(someCandidates(20, 9))).logits.click];
        await writeTables(dir, keys, columns, { covered });
        expect(await twin.refresh()).toBe(true);
        const fresh = await load(dir, { ...inFiles });
        expect(await asked(twin)).toEqual(await asked(fresh));
        // Who was prepared by the one before is answered by it, past the cache.
        expect([...(await before.rank(someCandidates(20, 9))).logits.click]).toEqual(old);
        await fresh.close();
      }
      await twin.close();
    },
    60_000,
  );

  it("is a whole number of bytes", async () => {
    const dir = await builtRanked();
    await expect(load(dir, { cache: -1 })).rejects.toThrow(/cache is -1; bring a whole number from 0 on/);
    await expect(load(dir, { cache: "1GB" as never })).rejects.toThrow(/cache is 1GB/);
  });

  it("gives each store the same number of rows, and what one does not need to the others", () => {
    const store = (rowBytes: number): TableStore => ({
      where: "x",
      rowBytes,
      absent: new Uint8Array(rowBytes),
      read: async () => new Uint8Array(),
    });
    const table = (rowBytes: number, rows: number) => Object.assign(store(rowBytes), { rows });
    const parts = {
      description: { items: 100_000 },
      index: { type: "int64", keys: 100_000 },
      store: store(40),
      tables: new Map([
        ["wide", table(256, 100_000)],
        ["few", table(64, 50)],
      ]),
    } as unknown as OpenParts;
    const { stores } = new Layers(1_000_000, parts, null, []).status();
    const most = Object.fromEntries(stores.map(({ name, most: rows }) => [name, rows]));
    expect(most["table few"]).toBe(50);
    expect(Math.abs(most.items - most["table wide"])).toBeLessThanOrEqual(1);
    const bytes = stores.reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes).toBeLessThanOrEqual(1_000_000);
    expect(bytes).toBeGreaterThan(900_000);
    expect(new Layers(10, parts, null, []).status().stores).toEqual([]);
  });
});

describe("a cache of rows in a Redis", needs("redis"), () => {
  it("asks the Redis for what it lacks alone, absent keys among it", async () => {
    const server = await startRedis();
    try {
      const dir = await builtRanked(
        rankSource("precision: float16 on_miss: zero"),
        { covered: 150 },
        { outside: "all" },
      );
      await publishTables({ dir, to: server.address });
      const served = join(temporary(), "served");
      cpSync(dir, served, { recursive: true });
      rmSync(join(served, "tables/generations"), { recursive: true });
      rmSync(join(served, "tables/current"));
      const [plain, cached] = await Promise.all([
        load(dir, { threads: 1 }),
        load(served, { threads: 1, cache: 1_000_000 }),
      ]);
      const mgets = () => Number(/cmdstat_mget:calls=(\d+)/.exec(server.cli("info", "commandstats"))?.[1] ?? 0);
      expect(await asked(cached)).toEqual(await asked(plain));
      const after = mgets();
      expect(after).toBeGreaterThan(0);
      // Some of the behaviours are in no table and some are no items: that is known now, too.
      expect(await asked(cached)).toEqual(await asked(plain));
      expect(mgets()).toBe(after);
      // The second half, and what the candidates of the first share with its history.
      expect(cached.status().cache!.hitRate).toBeGreaterThanOrEqual(0.5);
      expect(cached.status().cache!.hitRate).toBeLessThan(0.8);
      await Promise.all([plain.close(), cached.close()]);
    } finally {
      await server.close();
    }
  });
});
