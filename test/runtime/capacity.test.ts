// What a deployment takes is counted from the model: bytes are those of files and of a Redis, keys those that a request asks for.
import { statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { publishTables } from "../../runtime/build-table/publish.ts";
import { type CapacityQuestion, capacity, redisBytes } from "../../runtime/capacity/index.ts";
import { madeUp } from "../../runtime/capacity/made-up.ts";
import { commonest } from "../../runtime/capacity/zipf.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { load } from "../../runtime/index.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import { Generation, generationFolder } from "../../runtime/store/index.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { long } from "../kit/effort.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, itemColumns, itemCount, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { type RedisServer, startRedis } from "../kit/redis.ts";

afterAll(cleanUp);

const question = (more: Partial<CapacityQuestion> = {}): CapacityQuestion => ({
  items: 1000,
  candidatesPerSecond: 1000,
  candidates: 10,
  history: null,
  refresh: null,
  session: 10,
  skew: 1,
  users: null,
  server: { memory: 1e9, fill: 0.5, keysPerSecond: 1000, bitsPerSecond: 1e9, copies: 1, keyLength: 16 },
  timed: null,
  ...more,
});

describe("the share of what is asked that the commonest answer", () => {
  it("is that of the sums, term by term", () => {
    for (const skew of [0, 0.5, 0.99, 1, 1.3]) {
      const terms = Array.from({ length: 200_000 }, (_, i) => (i + 1) ** -skew);
      const sum = (count: number) => terms.slice(0, count).reduce((all, one) => all + one, 0);
      for (const [most, n] of [
        [1, 10],
        [10, 4096],
        [100, 5000],
        [20_000, 200_000],
      ]) {
        expect(commonest(most, n, skew)).toBeCloseTo(sum(most) / sum(n), 5);
      }
    }
  });

  it("grows with what is kept, is 0 for nothing and 1 for all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.double({ min: 0, max: 2, noNaN: true }), (n, skew) => {
        const shares = [0, 0.001, 0.1, 0.5, 1].map((share) => commonest(share * n, n, skew));
        expect([shares[0], shares[4]]).toEqual([0, 1]);
        expect([...shares].sort((a, b) => a - b)).toEqual(shares);
      }),
    );
  });
});

describe("bytes", () => {
  it("in files are those of a generation", async () => {
    for (const precision of ["float32", "float16", "uint8"]) {
      const dir = await builtRanked(rankSource(`precision: ${precision}`));
      const { rows, index } = capacity(readManifest(dir), question({ items: itemCount }));
      const folder = generationFolder(dir, Generation.current(dir)!);
      const chosen = rows.filter((one) => one.chosen);
      expect(chosen.map(({ name, precision: of }) => [name, of])).toEqual([
        ["video_keys", precision],
        ["item records", null],
      ]);
      const bytes = (name: string) => statSync(join(folder, name)).size;
      // A file says of itself what it holds, and has a checksum for each block.
      const within = (found: number, counted: number) => {
        expect(found).toBeGreaterThanOrEqual(counted);
        expect(found).toBeLessThan(counted + 3 * 4096);
      };
      within(bytes("video_keys.table"), chosen[0].file);
      within(bytes("items.store"), chosen[1].file);
      within(bytes("keys.index"), index.dense);
    }
  });

  it("of an index of any keys are those of its file", async () => {
    const dir = buildInto(join(temporary(), "build"), rankSource());
    const { columns } = itemColumns();
    await writeTables(
      dir,
      BigInt64Array.from({ length: itemCount }, (_, i) => 10n ** 15n + BigInt(i) * 7919n * 104_729n),
      columns,
    );
    const { index } = capacity(readManifest(dir), question({ items: itemCount }));
    const found = statSync(join(generationFolder(dir, Generation.current(dir)!), "keys.index")).size;
    expect(found).toBeGreaterThanOrEqual(index.sparse);
    expect(found).toBeLessThan(index.sparse + 3 * 4096);
  });

  describe("in a Redis are those that it says it uses", needs("redis"), () => {
    it("for values and names of every size", async () => {
      const count = long ? 1_000_000 : 100_000;
      for (const [value, name] of [
        [8, 30],
        [32, 40],
        [44, 40],
        [45, 40],
        [128, 40],
        [176, 48],
        [256, 40],
        [1000, 64],
      ]) {
        const server = await startRedis();
        try {
          const used = () => Number(/used_memory:(\d+)/.exec(server.cli("info", "memory"))![1]);
          const before = used();
          const script = `for i = 1, ${count} do redis.call('SET', string.format('%0${name}d', i), string.rep('x', ${value})) end`;
          server.cli("eval", script, "0");
          expect(server.cli("dbsize")).toContain(String(count));
          const each = (used() - before) / count;
          expect(each / redisBytes(name, value, count), `${value} bytes`).toBeGreaterThan(0.98);
          expect(each / redisBytes(name, value, count), `${value} bytes`).toBeLessThan(1.02);
        } finally {
          await server.close();
        }
      }
    }, 120_000);

    it("for a generation that was published", async () => {
      const server: RedisServer = await startRedis();
      try {
        const items = long ? 1_000_000 : 20_000;
        const dir = buildInto(
          join(temporary(), "build"),
          rankSource("precision: float16").replace("vocab: 400", `vocab: ${items}`),
        );
        const { keys, columns } = itemColumns(items);
        await writeTables(dir, keys, columns);
        const used = () => Number(/used_memory:(\d+)/.exec(server.cli("info", "memory"))![1]);
        const before = used();
        await publishTables({ dir, to: server.address });
        const keyLength = String(items).length;
        const { server: of } = question();
        const { whole } = capacity(readManifest(dir), question({ items, server: { ...of, keyLength } }));
        expect((used() - before) / whole.redis).toBeGreaterThan(0.9);
        expect((used() - before) / whole.redis).toBeLessThan(1.05);
      } finally {
        await server.close();
      }
    }, 600_000);
  });
});

describe("made-up inputs", () => {
  it.each([
    ["none", 30],
    ["all", 30],
    // Fewer than are kept, and none.
    ["none", 2],
    ["none", 0],
  ] as const)("run every graph that is timed: embeddings outside %s, %i behaviours", async (outside, length) => {
    const dir = buildInto(join(temporary(), "build"), rankSource(), { outside });
    const manifest = readManifest(dir);
    // Where rows of items lie outside, requests go by two graphs.
    const ranking = outside === "none" ? (["request"] as const) : (["search", "rank"] as const);
    for (const [graph, count] of [...ranking.map((name) => [name, 7] as const), ["projector", 5] as const]) {
      const session = await openFile(join(dir, `${graph}.onnx`), {
        providers: ["cpu"],
        threads: 1,
        warn: () => undefined,
      });
      const found = await session.run(madeUp(manifest, graph, { candidates: 7, lengthOf: () => length, items: 5 }));
      for (const { shape, data } of Object.values(found)) {
        expect(shape[0]).toBe(count);
        expect(Array.from(data).every(Number.isFinite)).toBe(true);
      }
      await session.close();
    }
  });
});

describe("keys of a request", () => {
  it.each([
    ["a table", rankSource()],
    ["keys fresh", rankSource().replace("over: nearest by: relevance", "over: nearest by: relevance keys: fresh")],
    [
      "values in the table",
      rankSource().replace("of: relevance.keys", "of: [relevance.keys, interest.values, recent.values]"),
    ],
    ["no table", rankSource().replace(/table video_keys.*\n/, "")],
  ])("are those that stores are asked for: %s", async (_, source) => {
    const dir = await builtRanked(source);
    const [length, candidates] = [25, 7];
    const twin = await load(dir, { cache: 8e6, memory: { table: 0 } });
    try {
      await (await twin.prepare(someUser(length))).rank(someCandidates(candidates));
      const stores = twin.status().cache!.stores;
      const { perRequest } = capacity(readManifest(dir), question({ history: length, candidates }));
      const asked = Object.values(perRequest.user).concat(Object.values(perRequest.candidates));
      expect(asked.reduce((sum, one) => sum + one, 0)).toBe(
        stores.reduce((sum, one) => sum + one.hits + one.misses, 0),
      );
    } finally {
      await twin.close();
    }
  });
});
