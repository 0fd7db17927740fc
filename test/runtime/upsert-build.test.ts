// What was put in and taken out is taken into the next generation, and rows of what has not changed are taken over: byte for
// byte what a build of the same items gives.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildTables } from "../../runtime/build-table/build.ts";
import { upsertItems } from "../../runtime/build-table/upsert.ts";
import { verifyTables } from "../../runtime/build-table/verify.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { parseKeys, type RawKeys } from "../../runtime/encode/keys.ts";
import { load } from "../../runtime/index.ts";
import { deltaFolder, deltaNumbers, deltasFolder, openDelta, readDelta } from "../../runtime/store/delta-folder.ts";
import { Generation } from "../../runtime/store/generation.ts";
import { buildInto, built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

type Key = bigint | string;
interface Item {
  readonly category: number | null;
  readonly cover: readonly number[];
}

/** Items by key, in the file's order. */
function fileOf(items: ReadonlyMap<Key, Item>, name = "items.jsonl"): string {
  const folder = temporary();
  const rows = [...items].map(([key, { category, cover }]) => {
    const own = typeof key === "bigint" ? String(key) : JSON.stringify(key);
    return `{"video":${own},"category":${category},"duration":${Number(category ?? 3) * 9},"topics":["t${category}"],"cover":${JSON.stringify(cover)}}`;
  });
  writeFiles(folder, { [name]: `${rows.join("\n")}\n` });
  return join(folder, name);
}

const keysFile = (keys: readonly Key[]): string => fileOf(new Map(keys.map((key) => [key, item(0)])));
const item = (i: number): Item => ({ category: i % 11 === 10 ? null : i % 11, cover: [i / 10, 1, -i] });
const binding = (file: string, more = "") =>
  parseBinding(`items: {file: ${JSON.stringify(file)}, key: video}\n${more}`, join(temporary(), "data.yaml"));

/** Record and table row of each key, as text; null where there is none. */
async function held(dir: string, keys: readonly Key[]): Promise<(string | null)[]> {
  const generation = await Generation.open(dir);
  const parsed = parseKeys(keys as RawKeys, generation.index.type, "test");
  const table = generation.tables.get("video_keys")!;
  const { rowBytes } = generation.store;
  const records = new Uint8Array(keys.length * rowBytes);
  const rows = new Uint8Array(keys.length * table.rowBytes);
  const known = await generation.store.read(parsed, [{ from: 0, bytes: rowBytes, into: records }]);
  const hits = await table.read(parsed, [{ from: 0, bytes: table.rowBytes, into: rows }]);
  generation.close();
  return keys.map((_, i) => {
    const part = (all: Uint8Array, bytes: number) =>
      Buffer.from(all.subarray(i * bytes, (i + 1) * bytes)).toString("hex");
    return known[i] === 0
      ? null
      : `${part(records, rowBytes)} ${hits[i] === 1 ? part(rows, table.rowBytes) : "no row"}`;
  });
}

const hostile: readonly Key[] = [
  "",
  "__proto__",
  "a".repeat(5000),
  "é\u0301 ✂",
  " 5",
  "05",
  "\u0000",
  "constructor",
  "9".repeat(30),
];
const integers: readonly Key[] = [0n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 7n, 1n << 40n];

describe.each([
  ["texts", hostile, "float16"],
  ["integers of 64 bits", integers, "uint8"],
] as const)("keys that are %s, with rows of %s", (_, special, precision) => {
  const many: readonly Key[] = Array.from({ length: 60 }, (__, i) =>
    typeof special[0] === "string" ? `video ${i}` : BigInt(1000 + i),
  );
  const all = [...special, ...many];
  const source = videoModel({ precision });
  const old = new Map(all.slice(0, -20).map((key, i) => [key, item(i)] as const));
  const put = new Map([...special.slice(1), ...all.slice(-25)].map((key, i) => [key, item(7 * i + 3)] as const));
  const gone = [special[0], ...many.slice(3, 8)];
  const after = new Map([...old, ...put].filter(([key]) => !gone.includes(key)));

  it("are taken in by a build from the store or from data, projected anew or taken over", async () => {
    const whole = built(source);
    await buildTables({ dir: whole, binding: binding(fileOf(after)) });
    const expected = await held(whole, all);
    expect(expected.filter((one) => one === null)).toHaveLength(gone.length);
    const start = built(source);
    await buildTables({ dir: start, binding: binding(fileOf(old)) });
    await upsertItems({ dir: start, items: fileOf(put), remove: keysFile(gone), binding: null });
    expect(deltaNumbers(deltasFolder(start))).toEqual([1]);
    for (const [fromStore, incremental] of [
      [true, false],
      [true, true],
      [false, false],
      [false, true],
    ] as const) {
      const dir = join(temporary(), "build");
      cpSync(start, dir, { recursive: true });
      const report = await buildTables({
        dir,
        binding: fromStore ? null : binding(fileOf(old)),
        fromStore,
        incremental,
        batch: 16,
      });
      expect(await held(dir, all)).toEqual(expected);
      expect([report.items, report.deltas]).toEqual([after.size, { items: put.size, removed: gone.length }]);
      expect(report.reused).toBe(incremental ? after.size : 0);
      expect((await verifyTables(dir)).sound).toBe(true);
    }
  });
});

describe("deltas", () => {
  const source = videoModel({ precision: "float16" });
  const items = (from: number, to: number, of = 0) =>
    new Map(Array.from({ length: to - from }, (_, i) => [BigInt(from + i), item(from + i + of)] as const));

  it("stay for as long as the generation before may serve, and their numbers are never given again", async () => {
    const dir = built(source);
    await buildTables({ dir, binding: binding(fileOf(items(0, 50))) });
    const numbers = () => deltaNumbers(deltasFolder(dir));
    const put = (from: number) =>
      upsertItems({ dir, items: fileOf(items(from, from + 2)), remove: null, binding: null });
    expect([(await put(100)).deltas, (await put(102)).deltas]).toEqual([[1], [2]]);
    await buildTables({ dir, binding: null, fromStore: true });
    expect(numbers()).toEqual([1, 2]);
    await buildTables({ dir, binding: null, fromStore: true });
    expect(numbers()).toEqual([]);
    expect((await put(104)).deltas).toEqual([3]);
    const { items: count } = await buildTables({ dir, binding: null, fromStore: true, incremental: true });
    expect(count).toBe(56);
  });

  it("are merged, the newest first: an item put in, changed, taken out and put in again", async () => {
    const dir = built(source);
    await buildTables({ dir, binding: binding(fileOf(items(0, 50))) });
    const put = (map: Map<bigint, Item>, gone: readonly bigint[] = []) =>
      upsertItems({
        dir,
        items: map.size === 0 ? null : fileOf(map),
        remove: gone.length === 0 ? null : keysFile(gone),
        binding: null,
      });
    await put(items(100, 104));
    await put(items(101, 103, 5), [104n, 5n, 100n]);
    await put(new Map(), [101n, 6n]);
    await put(items(6, 8, 9));
    await put(items(6, 8, 9));
    const whole = built(source);
    const left = [...items(0, 50)].filter(([key]) => key !== 5n);
    const expected = new Map<bigint, Item>([...left, ...items(6, 8, 9), ...items(102, 103, 5), ...items(103, 104)]);
    await buildTables({ dir: whole, binding: binding(fileOf(expected)) });
    const keys = [...Array(120).keys()].map(BigInt);
    await buildTables({ dir, binding: null, fromStore: true, incremental: true });
    expect(await held(dir, keys)).toEqual(await held(whole, keys));
  });

  it("and rows of another precision than the tables' are told, not read, and not taken over", async () => {
    const dir = built(source);
    await buildTables({ dir, binding: binding(fileOf(items(0, 50))) });
    const narrow = videoModel({ precision: "uint8" });
    buildInto(dir, narrow);
    const told: string[] = [];
    const file = fileOf(items(45, 60, 4));
    await upsertItems({ dir, items: file, remove: null, binding: null, warn: (message) => told.push(message) });
    expect(told).toEqual([expect.stringMatching(/another precision.*twin table build .* --from-store/)]);
    const twin = await load(dir, { threads: 1 });
    expect(twin.status().deltas).toMatchObject({ deltas: 0, because: "" });
    await twin.close();
    const { reused } = await buildTables({ dir, binding: null, fromStore: true, incremental: true });
    expect(reused).toBe(0);
    const whole = built(narrow);
    const expected = new Map([...items(0, 45), ...items(45, 60, 4)]);
    await buildTables({ dir: whole, binding: binding(fileOf(expected)) });
    const keys = [...Array(70).keys()].map(BigInt);
    expect(await held(dir, keys)).toEqual(await held(whole, keys));
  });

  it("give an item the row that it has among others, also alone and where products sum many numbers", async () => {
    const dir = built(
      videoModel({ key: "hashed(buckets: 500, dim: 96, key: true)" }).replaceAll("dim:   4", "dim:   48"),
    );
    const all = items(0, 300);
    await buildTables({ dir, binding: binding(fileOf(all)) });
    const generation = await Generation.open(dir);
    const table = generation.tables.get("video_keys")!;
    for (const [i, count] of [1, 2, 5].entries()) {
      const some = new Map([...all].slice(20 * i, 20 * i + count));
      await upsertItems({ dir, items: fileOf(some), remove: null, binding: null });
      const folder = deltaFolder(deltasFolder(dir), i + 1);
      const delta = await openDelta(folder, readDelta(folder), { shared: false, tables: generation.tables });
      const into = new Uint8Array(count * table.rowBytes);
      await table.read(delta!.index.allKeys(), [{ from: 0, bytes: table.rowBytes, into }]);
      expect(delta!.tables.get("video_keys")).toEqual(into);
    }
    generation.close();
  });

  it("bring rows to a table that coverage cut, before those of the log", async () => {
    const dir = built(videoModel({ coverage: "50%" }));
    const folder = temporary();
    const events = Array.from({ length: 50 }, (_, i) =>
      Array.from({ length: 50 - i }, (__, t) => `u${t % 3},${i},${1e9 + 60 * (50 * t + i)}`),
    ).flat();
    writeFiles(folder, { "events.csv": `user,item,time\n${events.join("\n")}\n` });
    const log = `events: {file: ${JSON.stringify(join(folder, "events.csv"))}, user: user, item: item, time: time}`;
    const file = fileOf(items(0, 50));
    const [{ rows }] = (await buildTables({ dir, binding: binding(file, log) })).tables;
    expect(rows).toBeLessThan(50);
    await upsertItems({ dir, items: fileOf(items(48, 60, 3)), remove: null, binding: null });
    const has = async () => (await held(dir, [48n, 55n, 59n, 0n, 47n])).map((one) => one?.endsWith("no row"));
    for (const incremental of [true, false]) {
      const report = await buildTables({ dir, binding: null, fromStore: true, incremental });
      expect(report.tables[0].rows).toBe(rows + 12);
      expect(await has()).toEqual([false, false, false, false, true]);
    }
    const report = await buildTables({ dir, binding: binding(file, log), incremental: true });
    expect(report.tables[0].rows).toBe(rows);
  });
});
