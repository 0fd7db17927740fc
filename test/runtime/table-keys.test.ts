// Key indexes: every key finds its ordinal, no other key finds one.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { keyText, parseKeys, type RawKeys } from "../../runtime/encode/keys.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { openKeyIndex } from "../../runtime/store/key-index-file.ts";
import { KeyIndex } from "../../runtime/table/key-index.ts";
import { DuplicateKeyError, writeKeyIndex } from "../../runtime/table/key-index-build.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "keys.index");

async function index(values: RawKeys, type: "int64" | "string"): Promise<KeyIndex> {
  await writeKeyIndex(newFile(path), parseKeys(values, type, "items"), { step: 1 });
  return openKeyIndex(path);
}

async function check(
  values: (bigint | string)[],
  absent: (bigint | string)[],
  type: "int64" | "string",
  kind?: string,
) {
  const opened = await index(values, type);
  if (kind) {
    expect(opened.kind).toBe(kind);
  }
  expect(opened.keys).toBe(values.length);
  const attached = await KeyIndex.attach(structuredClone(opened.image()));
  const known = new Set(values);
  for (const one of [opened, attached]) {
    expect([...one.lookup(parseKeys(values, type, "x"))]).toEqual(values.map((_, i) => i + 1));
    const unknown = absent.filter((value) => !known.has(value));
    expect([...one.lookup(parseKeys(unknown, type, "x"))]).toEqual(unknown.map(() => 0));
    const all = one.allKeys();
    expect(values.map((_, i) => keyText(all, i))).toEqual(values.map(String));
  }
}

const most = 2n ** 63n - 1n;

test("integers close together are dense, wherever they lie", async () => {
  for (const start of [0n, -3n, most - 9n, -most - 1n, 2n ** 32n - 5n, -(2n ** 32n) - 5n]) {
    const values = [3n, 0n, 9n, 4n, 5n].map((value) => value + start);
    const near = Array.from({ length: 40 }, (_, i) => start - 20n + BigInt(i));
    const far = [0n, 1n, -1n, most, -most - 1n, start + 2n ** 32n, start - 2n ** 32n, start + 2n ** 33n + 3n];
    const inRange = [...near, ...far].filter((value) => value <= most && value >= -most - 1n);
    await check(values, inRange, "int64", "dense");
  }
});

test("random integers and strings find their ordinals", async () => {
  const integer = fc.oneof(fc.bigInt({ min: -most - 1n, max: most }), fc.bigInt({ min: -20n, max: 20n }));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(integer, { maxLength: 200 }), fc.array(integer), (values, absent) =>
      check(values, absent, "int64"),
    ),
    { numRuns: 40 },
  );
  // Lone surrogates have no UTF-8 form, so that two of them would be one key.
  const text = fc.string({ unit: "binary" }).filter((value) => !/\p{Surrogate}/u.test(value));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(text, { maxLength: 100 }), fc.array(text), (values, absent) =>
      check(values, absent, "string", "string"),
    ),
    { numRuns: 40 },
  );
});

test("an index of nothing knows no key", async () => {
  await check([], [0n, 1n], "int64", "sparse64");
  await check([], ["", "a"], "string");
});

test("keys that differ in their high halves alone, or run in steps, scatter", async () => {
  const runs = Array.from({ length: 5000 }, (_, i) => BigInt(i) << 32n);
  await check(runs, [5000n << 32n, 1n], "int64", "sparse64");
  const steps = Array.from({ length: 5000 }, (_, i) => BigInt(i) * 65536n);
  await check(steps, [1n, 65535n], "int64", "sparse64");
});

test("a key that comes twice names both places", async () => {
  for (const [values, type] of [
    [[5, 9, 7, 9], "int64"],
    [[5n, 2n ** 62n, 7n, 2n ** 62n], "int64"],
    [["a", "ü", "c", "ü"], "string"],
  ] as const) {
    const error = await index(values, type).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DuplicateKeyError);
    expect(error).toMatchObject({ key: String(values[1]), first: 1, second: 3 });
    expect((error as Error).message).toMatch(/comes twice: as item 1 and item 3/);
  }
});

test("keys of the other type are refused", async () => {
  const opened = await index([1, 2], "int64");
  expect(() => opened.lookup(parseKeys(["1"], "string", "x"))).toThrow(
    /holds int64 keys, and string keys were looked up/,
  );
});
