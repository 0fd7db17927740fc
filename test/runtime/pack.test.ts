// Packs: a page with a pack answers for its items as Node does with the whole tables; what is no pack of the build is refused.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cutPack } from "../../runtime/build-table/index.ts";
import { load } from "../../runtime/index.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import type { FolderOptions, WebFolder } from "../../runtime/web/web-folder.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { unrulyServer } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

afterAll(cleanUp);

/** Every second of the first 200 items, the last first, one of them twice. */
const some = Array.from({ length: 100 }, (_, i) => 198 - 2 * i);
const keysOf = (items: readonly number[]) => [...items, items[3]].map(String);
const where = "ids.txt";

/** A request whose items are all of a pack. */
function within(items: readonly number[]) {
  const user = someUser(30, 3);
  const { watched } = user.history as { watched: { item: number[] } };
  const mine = (item: number) => items[item % items.length];
  const candidates = someCandidates(7, 5);
  return {
    user: { ...user, history: { watched: { ...watched, item: watched.item.map(mine) } } } as typeof user,
    candidates: { ...candidates, candidates: { ...candidates.candidates, item: [1, 5, 40, 77, 90, 91, 99].map(mine) } },
  };
}

const opened = async (dir: string, pack: Uint8Array, options: FolderOptions = {}): Promise<WebFolder> => {
  const server = await unrulyServer(dir);
  try {
    return await openFolder(server.url, { pack, ...options });
  } finally {
    expect(server.log.filter((path) => path.startsWith("tables"))).toEqual([]);
    await server.close();
  }
};

describe.each([
  ["float32 rows", "precision: float32", {}, {}],
  ["float16 rows, some missed", "precision: float16 on_miss: zero", { covered: 150 }, {}],
  ["uint8 rows, misses projected", "precision: uint8 on_miss: compute", { covered: 150 }, {}],
  ["embeddings outside", "precision: float32", {}, { outside: "all" }],
] as const)("of %s", (_, table, settings, options) => {
  it("a pack answers for its items as the whole tables do", async () => {
    const dir = await builtRanked(rankSource(table), settings, options);
    const { bytes, ...report } = await cutPack({ dir, keys: keysOf(some), where });
    expect(report).toMatchObject({ items: 100, unknown: 0, generation: 1 });
    expect((await cutPack({ dir, keys: keysOf(some).reverse(), where })).bytes).toEqual(bytes);
    const server = await unrulyServer(dir);
    const folder = await openFolder(server.url, { pack: new Blob([bytes.slice()]) });
    expect(server.log.filter((path) => path.startsWith("tables"))).toEqual([]);
    const twin = await load(dir, { threads: 1 });
    const { user, candidates } = within(some);
    const expected = await (await twin.prepare(user)).rank(candidates);
    const engine = webEngine(folder);
    const found = await rankBy(engine, user, candidates);
    expect([...found.scores.click]).toEqual([...expected.scores.click]);
    expect(found.kept?.positions).toEqual(expected.kept?.positions);
    expect(found.tables.map(({ found: hits, missed }) => [hits, missed])).toEqual(
      expected.tables.map(({ found: hits, missed }) => [hits, missed]),
    );
    expect(await folder.tables.refresh()).toBe(false);
    // What it lacks is unknown, and ranks all the same.
    const others = await rankBy(engine, someUser(30), someCandidates(9));
    expect(others.unknownCandidates).toBeGreaterThan(0);
    expect([...others.scores.click].every(Number.isFinite)).toBe(true);
    await engine.sessions.close();
    await twin.close();
    await server.close();
  });
});

it("narrows rows where told to, and only then", async () => {
  const dir = await builtRanked(rankSource("precision: float32"));
  const { bytes: wide } = await cutPack({ dir, keys: keysOf(some), where });
  const { bytes, tables } = await cutPack({ dir, keys: keysOf(some), where, precision: "uint8" });
  expect(tables).toMatchObject([{ name: "video_keys", rows: 101, precision: "uint8", lacks: 0 }]);
  expect(bytes.length).toBeLessThan(wide.length);
  const { user, candidates } = within(some);
  const server = await unrulyServer(dir);
  const [narrow, exact] = await Promise.all(
    [bytes, wide].map(async (pack) => rankBy(webEngine(await openFolder(server.url, { pack })), user, candidates)),
  );
  await server.close();
  [...narrow.scores.click].forEach((score, i) => {
    expect(Math.abs(score - exact.scores.click[i])).toBeLessThan(0.05);
  });
});

it("comes by its address, too, and is said where it is missing", async () => {
  const dir = await builtRanked();
  const { bytes } = await cutPack({ dir, keys: keysOf(some), where });
  writeFileSync(join(dir, "my pack.bin"), bytes);
  const server = await unrulyServer(dir);
  const folder = await openFolder(server.url, { pack: `${server.url}/my%20pack.bin?v=2` });
  expect(folder.tables.current()?.items).toBe(100);
  await expect(openFolder(server.url, { pack: `${server.url}/none.bin` })).rejects.toThrow(
    /none\.bin: the server answers 404/,
  );
  await server.close();
});

describe("what is no pack of the build", () => {
  it("damaged, cut short, foreign", async () => {
    const dir = await builtRanked();
    const { bytes } = await cutPack({ dir, keys: keysOf(some), where });
    await expect(opened(dir, bytes.subarray(0, bytes.length - 9))).rejects.toThrow(
      /it is truncated\. Cut it anew: twin pack/,
    );
    await expect(opened(dir, new Uint8Array(0))).rejects.toThrow(/the pack is not a pack of Twin/);
    const table = new Uint8Array(readFileSync(join(dir, "tables/generations/1/video_keys.table")));
    await expect(opened(dir, table)).rejects.toThrow(/it says it is a table/);
    // Every flipped bit is found, wherever it is.
    for (let i = 0; i < 60; i++) {
      const flipped = bytes.slice();
      const at = Math.floor((i / 60) * flipped.length);
      flipped[at] ^= 1 << (i % 8);
      await expect(opened(dir, flipped), `byte ${at}`).rejects.toThrow(/the pack/);
    }
  });

  it("of another model, other encoders, another metric, other weights", async () => {
    const dir = await builtRanked();
    const other = async (source: string, options = {}) => {
      const folder = buildInto(join(temporary(), "other"), source, options);
      const { keys, columns } = itemColumns();
      await writeTables(folder, keys, columns);
      return (await cutPack({ dir: folder, keys: keysOf(some), where })).bytes;
    };
    const refused = (pack: Uint8Array, why: RegExp, of = dir) => expect(opened(of, pack)).rejects.toThrow(why);
    await refused(await other(rankSource().replace("model ranked", "model others")), /it is of the model others/);
    await refused(await other(rankSource().replace("buckets: 20", "buckets: 21")), /encoded otherwise/);
    await refused(
      await other(rankSource().replace("heads: 2 dim: 4", "heads: 2 dim: 6")),
      /table video_keys: it was made for another metric/,
    );
    const outside = await builtRanked(rankSource(), {}, { outside: "all" });
    await refused(
      await other(rankSource().replace("hidden: [8]", "hidden: [9]"), { outside: "all" }),
      /its embedding rows are of other weights/,
      outside,
    );
  });

  it("nothing of what was named is there", async () => {
    const dir = await builtRanked();
    await expect(cutPack({ dir, keys: ["9999"], where })).rejects.toThrow(
      /ids\.txt: none of the 1 keys is an item of generation 1/,
    );
    expect(await cutPack({ dir, keys: ["1", "9999"], where })).toMatchObject({
      unknown: 1,
      examples: ["9999"],
      items: 1,
    });
    await expect(cutPack({ dir: buildInto(join(temporary(), "b"), rankSource()), keys: ["1"], where })).rejects.toThrow(
      /no built tables yet/,
    );
  });
});
