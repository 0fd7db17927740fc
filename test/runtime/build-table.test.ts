// Built tables: the rows are the projector's, the index finds them, coverage is what it says, nothing half-written stays.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildTables } from "../../runtime/build-table/build.ts";
import { verifyTables } from "../../runtime/build-table/verify.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { encodeColumn } from "../../runtime/encode/column.ts";
import { parseKeys, type RawKeys } from "../../runtime/encode/keys.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { floats, ints, type Tensor } from "../../runtime/session/session.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import { Generation } from "../../runtime/store/generation.ts";
import { floatRows } from "../../runtime/table/read-rows.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);
const count = 57;
type Key = string | bigint;
const columnsOf = (keys: readonly Key[]) => ({
  "item.video": keys,
  "item.category": keys.map((_, i) => (i % 11 === 10 ? null : i % 11)),
  "item.duration": keys.map((_, i) => (i * 7) % 100),
  "item.topics": keys.map((_, i) => Array.from({ length: i % 5 }, (__, j) => `t${(i * j) % 13}`)),
  "item.cover": keys.map((_, i) => [i / 10, 1, -i]),
});

function itemsFile(folder: string, keys: readonly Key[]): void {
  const columns = columnsOf(keys);
  const rows = keys.map((key, i) =>
    JSON.stringify({
      video: typeof key === "bigint" ? "#" : key,
      category: columns["item.category"][i],
      duration: columns["item.duration"][i],
      topics: columns["item.topics"][i],
      cover: columns["item.cover"][i],
    }).replace('"#"', String(key)),
  );
  writeFiles(folder, { "items.jsonl": `${rows.join("\n")}\n` });
}

const bindingOf = (folder: string, more = "") =>
  parseBinding(`items: {file: items.jsonl, key: video}\n${more}`, join(folder, "data.yaml"));

/** Rows [items, width] as the projector gives them for hand-encoded columns. */
async function projected(dir: string, keys: readonly Key[]): Promise<Float32Array> {
  const artefacts = await openArtefacts(dir, () => undefined);
  const columns = columnsOf(keys) as unknown as Record<string, never>;
  const feeds: Record<string, Tensor> = {};
  for (const feature of artefacts.itemFeatures) {
    const data = encodeColumn(feature, columns[feature.name], keys.length, artefacts.context("test"));
    feeds[feature.name] =
      data instanceof Float32Array
        ? floats(data, keys.length, ...feature.shape)
        : ints(data, keys.length, ...feature.shape);
  }
  const session = await openFile(join(dir, "projector.onnx"), {
    providers: ["cpu"],
    threads: 1,
    warn: () => undefined,
  });
  const output = await session.run(feeds);
  await session.close();
  return output.keys.data as Float32Array;
}

async function rowsOf(dir: string, keys: readonly Key[]) {
  const generation = await Generation.open(dir);
  const table = generation.tables.get("video_keys")!;
  const parsed = parseKeys(keys as RawKeys, generation.index.type, "test");
  const ordinals = generation.index.lookup(parsed);
  const rows = await floatRows(table, parsed);
  const found = { ordinals, rows, table, kind: generation.index.kind, items: generation.description.items };
  generation.close();
  return found;
}

const largest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

const dense = Array.from({ length: count }, (_, i) => BigInt(i * 2 - 20));
const sparse = Array.from({ length: count }, (_, i) => (1n << 61n) + BigInt(i) * 123_456_789n);
const texts = Array.from({ length: count }, (_, i) => `video-${i}-é`);

describe("built tables", () => {
  it.each([
    ["dense", dense],
    ["sparse64", sparse],
    ["string", texts],
  ])("hold the projector's rows under %s keys, from one thread or two", async (kind, keys) => {
    const folder = temporary();
    itemsFile(folder, keys);
    const dir = built(videoModel());
    const expected = await projected(dir, keys);
    for (const workers of [0, 2]) {
      const report = await buildTables({ dir, binding: bindingOf(folder), workers, batch: 10 });
      expect(report.items).toBe(count);
      const found = await rowsOf(dir, keys);
      expect(found.kind).toBe(kind);
      expect(found.items).toBe(count);
      expect([...found.ordinals]).toEqual(keys.map((_, i) => i + 1));
      expect(largest(found.rows, expected)).toBeLessThanOrEqual(1e-6);
    }
  });

  it("projects in threads where items are many", async () => {
    const folder = temporary();
    const keys = Array.from({ length: 20_500 }, (_, i) => BigInt(i + 1));
    itemsFile(folder, keys);
    const dir = built(videoModel());
    const told: number[] = [];
    const report = await buildTables({
      dir,
      binding: bindingOf(folder),
      batch: 2048,
      onProgress: ({ done }) => told.push(done),
    });
    expect(report.items).toBe(keys.length);
    expect(told.at(-1)).toBe(keys.length);
    const expected = await projected(dir, keys);
    expect(largest((await rowsOf(dir, keys)).rows, expected)).toBeLessThanOrEqual(1e-6);
    // The same again from the encoded items alone.
    await buildTables({ dir, binding: null, fromStore: true });
    expect(largest((await rowsOf(dir, keys)).rows, expected)).toBeLessThanOrEqual(1e-6);
    expect((await verifyTables(dir)).sound).toBe(true);
  });

  it.each(["float16", "uint8"])("report the largest error of %s rows", async (precision) => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel({ precision }));
    const [table] = (await buildTables({ dir, binding: bindingOf(folder) })).tables;
    const error = largest((await rowsOf(dir, dense)).rows, await projected(dir, dense));
    expect(error).toBeGreaterThan(0);
    expect(Math.abs(table.loss! - error)).toBeLessThanOrEqual(1e-6);
  });

  it("read embedding tables that lie outside", async () => {
    const folder = temporary();
    itemsFile(folder, sparse);
    const inside = built(videoModel());
    const dir = built(videoModel(), { outside: "all" });
    await buildTables({ dir, binding: bindingOf(folder), batch: 16 });
    expect(largest((await rowsOf(dir, sparse)).rows, await projected(inside, sparse))).toBeLessThanOrEqual(1e-5);
  });
});

describe("coverage", () => {
  /** Item i is watched 60 − i times (by i mod 3 users), item 0 the most. */
  function log(folder: string): string {
    const rows: string[] = [];
    let time = 1_600_000_000;
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < count && i < 60 - round; i++) {
        rows.push(`${1 + ((i + round) % 3)},${dense[i]},${time++}`);
      }
    }
    writeFiles(folder, { "log.csv": `user,video,time\n${rows.join("\n")}\n` });
    return "events: {file: log.csv, user: user, item: video, time: time}";
  }

  it("keeps the fewest most frequent items that reach it", async () => {
    const folder = temporary();
    itemsFile(folder, dense.toReversed());
    const dir = built(videoModel({ coverage: "80%" }));
    const [table] = (await buildTables({ dir, binding: bindingOf(folder, log(folder)) })).tables;
    expect(table.coverage).toBeGreaterThanOrEqual(0.8);
    expect(table.rows).toBeLessThan(count);
    const generation = await Generation.open(dir);
    const held = generation.index.lookup(parseKeys(dense, "int64", "test"));
    generation.close();
    // Pairs as histories show them; the fewest items that reach 80 %.
    const { countItems } = await import("../../runtime/data/counts.ts");
    const { Source } = await import("../../runtime/data/database/source.ts");
    const { boundFiles } = await import("../../runtime/data/binding.ts");
    const binding = bindingOf(folder, log(folder));
    const source = await Source.open({ reads: boundFiles(binding) });
    const [total] = await countItems(source, binding, "int64", [{ name: "watched", max: 20 }], "c");
    const pairs = (await source.all("SELECT twin_pairs_0 AS p FROM c ORDER BY 1 DESC")).map((row) => Number(row.p));
    source.close();
    let sum = 0;
    let fewest = 0;
    while (sum < 0.8 * total) {
      sum += pairs[fewest++];
    }
    expect(table.rows).toBe(fewest + 1);
    expect(table.coverage).toBeCloseTo(sum / total, 9);
    expect(held.filter((ordinal) => ordinal < table.rows).length).toBe(fewest);
    expect([...held].sort((a, b) => a - b)).toEqual(dense.map((_, i) => i + 1));
  });

  it("holds items of min_count alone, and says where coverage cannot be reached", async () => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel({ coverage: "99%", minCount: 40 }));
    const [table] = (await buildTables({ dir, binding: bindingOf(folder, log(folder)) })).tables;
    // Item i occurs 60 − i times: items 0 … 20 occur 40 times.
    expect(table.rows).toBe(22);
    expect(table.note).toMatch(/coverage 99 % cannot be reached: min_count: 40/);
  });

  it("holds every item where there is no log, and says so", async () => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel({ coverage: "50%" }));
    const [table] = (await buildTables({ dir, binding: bindingOf(folder) })).tables;
    expect([table.rows, table.coverage]).toEqual([count + 1, null]);
    expect(table.note).toContain("need an event log");
  });
});

describe("a build that fails", () => {
  const leftovers = (dir: string) =>
    readdirSync(join(dir, "tables", "generations")).filter((name) => name.startsWith("."));

  it("leaves the earlier generation, and nothing of itself", async () => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel());
    await buildTables({ dir, binding: bindingOf(folder) });
    const before = Generation.current(dir)!;
    itemsFile(folder, [...dense, dense[3]]);
    await expect(buildTables({ dir, binding: bindingOf(folder) })).rejects.toThrow(
      /items\.jsonl, row 58: the key -14 was already given in .*row 4/,
    );
    itemsFile(folder, dense);
    for (const after of [0, 1, 3]) {
      const stop = new AbortController();
      if (after === 0) {
        stop.abort();
      }
      const building = buildTables({ dir, binding: bindingOf(folder), batch: 4, signal: stop.signal });
      setTimeout(() => stop.abort(), after * 40);
      await building.then(
        () => undefined,
        (error: Error) =>
          expect(error.message).toBe("the table build was stopped; the tables built before stay in use"),
      );
      expect(leftovers(dir)).toEqual([]);
    }
    expect(Generation.current(dir)).toBeGreaterThanOrEqual(before);
    await expect(buildTables({ dir, binding: null })).rejects.toThrow("needs a data binding that names the items");
    const foreign = built(videoModel());
    await expect(buildTables({ dir: foreign, binding: null, fromStore: true })).rejects.toThrow(
      "has no built tables yet",
    );
  });

  it("refuses encoded items of other encoders", async () => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel());
    await buildTables({ dir, binding: bindingOf(folder) });
    const moved = built(videoModel().replace("at: [10, 60]", "at: [10, 61]"));
    const { cpSync } = await import("node:fs");
    cpSync(join(dir, "tables", "generations"), join(moved, "tables", "generations"), { recursive: true });
    cpSync(join(dir, "tables", "current"), join(moved, "tables", "current"));
    await expect(buildTables({ dir: moved, binding: null, fromStore: true })).rejects.toThrow(
      "the item features or their encoders have changed",
    );
    const verified = await verifyTables(moved);
    expect(verified.sound).toBe(false);
    expect(verified.lines.join("\n")).toMatch(/refused {2}item store: it was made with other encoders/);
  });

  it("is found by verify where a byte was changed", async () => {
    const folder = temporary();
    itemsFile(folder, dense);
    const dir = built(videoModel());
    await buildTables({ dir, binding: bindingOf(folder) });
    expect((await verifyTables(dir)).sound).toBe(true);
    for (const file of ["video_keys.table", "items.store", "keys.index"]) {
      const path = join(dir, "tables/generations/1", file);
      const sound = readFileSync(path);
      const bytes = Buffer.from(sound);
      bytes[4096 + 70] ^= 1;
      writeFileSync(path, bytes);
      const { sound: fine, lines } = await verifyTables(dir);
      expect(fine).toBe(false);
      expect(lines.filter((line) => line.startsWith("damaged")).join()).toContain(file);
      writeFileSync(path, sound);
    }
    expect(existsSync(join(dir, "tables", "current"))).toBe(true);
  });
});
