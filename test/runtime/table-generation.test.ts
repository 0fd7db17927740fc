// Generations: visible by one step, whole at every moment, and refused where their files do not belong together.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { Generation } from "../../runtime/store/generation.ts";
import {
  commitGeneration,
  discardGeneration,
  generationFolder,
  generationsFolder,
  nextGeneration,
} from "../../runtime/store/generation-commit.ts";
import { writeGeneration } from "../../runtime/store/generation-file.ts";
import type { GenerationFile } from "../../runtime/table/generation-description.ts";
import { ItemStoreWriter } from "../../runtime/table/item-store-writer.ts";
import { writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { floatRows } from "../../runtime/table/read-rows.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";

const root = mkdtempSync(join(tmpdir(), "twin-generation-"));
afterAll(() => rmSync(root, { recursive: true }));
let dir = root;
let count = 0;
beforeEach(() => {
  dir = join(root, String(count++));
  mkdirSync(dir);
});

const described = (number: number): GenerationFile => ({
  format: 1,
  number,
  model: "twin",
  made_at: "2024-05-01T12:30:00.000Z",
  step: null,
  items: 3,
  key: { feature: "item.video_id", type: "int64" },
  fingerprints: { producer: { video_keys: "ab" }, metric: {}, encoders: "cd" },
  tables: { video_keys: { file: "video_keys.table", rows: 3, coverage_reached: 0.5 } },
  index: "keys.index",
  store: "items.store",
});

async function fill(folder: string, number: number): Promise<void> {
  await writeKeyIndex(newFile(join(folder, "keys.index")), parseKeys([100, 200, 10n ** 15n], "int64", "items"));
  const store = await ItemStoreWriter.create(newFile(join(folder, "items.store")), []);
  await store.write(new Map(), 3);
  await store.finish();
  const table = await TableWriter.create(newFile(join(folder, "video_keys.table")), {
    precision: "float32",
    width: 1,
    heads: [1],
  });
  await table.write(Float32Array.of(number, number + 0.5));
  await table.finish();
  writeGeneration(folder, described(number));
}

async function build(): Promise<number> {
  const { number, partial } = nextGeneration(dir);
  await fill(partial, number);
  commitGeneration(dir, number, partial);
  return number;
}

const firstRow = async (generation: Generation) =>
  (await floatRows(generation.tables.get("video_keys")!, parseKeys([100], "int64", "x")))[0];

test("a generation becomes current by its commit; the one before is kept, older ones go", async () => {
  expect(Generation.current(dir)).toBeNull();
  await expect(Generation.open(dir)).rejects.toThrow(/has no built tables yet: twin table build/);
  expect(await build()).toBe(1);
  const first = await Generation.open(dir);
  expect(await firstRow(first)).toBe(1);
  expect(await build()).toBe(2);
  expect(await build()).toBe(3);
  expect(readdirSync(generationsFolder(dir)).sort()).toEqual(["2", "3"]);
  expect(readdirSync(generationFolder(dir, 3)).sort()).toEqual([
    "generation.json",
    "items.store",
    "keys.index",
    "video_keys.table",
  ]);
  expect(Generation.current(dir)).toBe(3);
  const third = await Generation.open(dir, { shared: true });
  expect(third.description.number).toBe(3);
  expect(await firstRow(third)).toBe(3);
  const attached = await Generation.attach(structuredClone(third.image()));
  expect(await firstRow(attached)).toBe(3);
  const second = await Generation.open(dir, { number: 2 });
  expect(await firstRow(second)).toBe(2);
  expect(await firstRow(first)).toBe(1);
  for (const one of [first, second, third, attached]) {
    one.close();
  }
});

test("a build killed before its commit leaves the earlier generation, and its leftovers are cleaned", async () => {
  await build();
  const dead = join(generationsFolder(dir), ".2.partial");
  cpSync(generationFolder(dir, 1), dead, { recursive: true });
  writeFileSync(join(dead, "owner"), "4194305\n");
  mkdirSync(join(generationsFolder(dir), ".3.partial"));
  const killedRename = join(dir, "tables", ".current.4194305-0.partial");
  writeFileSync(killedRename, "2");
  cpSync(generationFolder(dir, 1), generationFolder(dir, 7), { recursive: true });
  expect(await firstRow(await Generation.open(dir))).toBe(1);
  expect(await build()).toBe(8);
  expect(readdirSync(generationsFolder(dir)).sort()).toEqual(["1", "8"]);
  expect(existsSync(killedRename)).toBe(false);
  expect(await firstRow(await Generation.open(dir))).toBe(8);
});

test("a generation whose folder cannot take its name never becomes current", async () => {
  await build();
  const { number, partial } = nextGeneration(dir);
  await fill(partial, number);
  // A folder that is not empty stands in its way.
  mkdirSync(join(generationFolder(dir, number), "in the way"), { recursive: true });
  expect(() => commitGeneration(dir, number, partial)).toThrow(TwinError);
  expect(Generation.current(dir)).toBe(1);
  expect(await firstRow(await Generation.open(dir))).toBe(1);
});

test("two builds at once are refused; a discarded one is gone", async () => {
  const { partial } = nextGeneration(dir);
  expect(() => nextGeneration(dir)).toThrow(/another table build \(process \d+\) is at work/);
  discardGeneration(partial);
  expect(readdirSync(generationsFolder(dir))).toEqual([]);
  const foreign = join(generationsFolder(dir), ".4.partial");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "owner"), `${process.ppid}\n`);
  expect(() => nextGeneration(dir)).toThrow(/if there is none, remove .*\.4\.partial/);
});

test("a damaged pointer, description or file is refused with its place; a new build cures it", async () => {
  await build();
  const current = join(dir, "tables", "current");
  const folder = generationFolder(dir, 1);
  const description = join(folder, "generation.json");
  const { checksum: _, files, ...sound } = JSON.parse(readFileSync(description, "utf8"));
  expect(Object.keys(files)).toEqual(["keys.index", "items.store", "video_keys.table"]);
  const refused = async (change: object | string, message: RegExp) => {
    writeFileSync(
      description,
      typeof change === "string" ? change : JSON.stringify({ ...sound, format: 1, ...change }),
    );
    await expect(Generation.open(dir)).rejects.toThrow(message);
    await expect(Generation.open(dir)).rejects.toThrow(TwinError);
  };
  await refused("{", /generation.json is no JSON text/);
  await refused({ format: 3 }, /has format 3, and this version of Twin reads format 1 and 2/);
  await refused({ format: 2 }, /its checksum does not fit its text: it is damaged, or was changed by hand/);
  await refused({ index: "../../../secret" }, /index: .*a plain file name/);
  await refused({ number: 2 }, /generation.json says it is number 2/);
  await refused({ items: 4 }, /the key index holds 3 int64 keys, not 4/);
  await refused({ key: { feature: "k", type: "string" } }, /holds 3 int64 keys, not 3 of string/);
  await refused(
    { tables: { video_keys: { file: "video_keys.table", rows: 2, coverage_reached: null } } },
    /table video_keys has 3 rows, not 2/,
  );
  await refused({ tables: { video_keys: { file: "none.table", rows: 3, coverage_reached: null } } }, /no such file/);
  await refused(
    { tables: { video_keys: { file: "items.store", rows: 3, coverage_reached: null } } },
    /is not a table of Twin: it says it is an item store/,
  );
  await refused({ tables: 5 }, /tables: /);
  for (const text of ["", "0", "-1", "two", "1e3", "99999999999999999999"]) {
    writeFileSync(current, text);
    await expect(Generation.open(dir), text).rejects.toThrow(/should hold the number of a generation/);
  }
  writeFileSync(current, "9");
  await expect(Generation.open(dir)).rejects.toThrow(/no such file/);
  writeFileSync(current, "broken");
  expect(await build()).toBe(2);
  expect(await firstRow(await Generation.open(dir))).toBe(2);
});
