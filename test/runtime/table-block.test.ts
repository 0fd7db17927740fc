// Block files: what is written reads back; damage is found where it is read; random bytes never crash a reader.

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type BlockHeader, encodeHeader } from "../../contract/block-format.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { BlockFile } from "../../runtime/store/block-file.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { ItemStore } from "../../runtime/store/item-store.ts";
import { openKeyIndex } from "../../runtime/store/key-index-file.ts";
import { TableFile } from "../../runtime/store/table-file.ts";
import { fieldPiece } from "../../runtime/table/item-rows.ts";
import { writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { floatRows } from "../../runtime/table/read-rows.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-block-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file");
const mib = 1 << 20;

async function write(payload: Uint8Array, pieces: number): Promise<void> {
  const writer = await BlockWriter.create(newFile(path), "table", { rows: 3 });
  for (let at = 0; at < payload.length; at += pieces) {
    await writer.write(payload.subarray(at, at + pieces));
  }
  expect(writer.bytes).toBe(payload.length);
  await writer.finish({ step: 7 });
}
const payload = Uint8Array.from({ length: 2 * mib + 12345 }, (_, i) => (i * 31 + (i >> 11)) % 256);

test.each([1000, mib - 1, mib, 5 * mib])("a payload written in pieces of %i reads back", async (pieces) => {
  await write(payload, pieces);
  const file = await BlockFile.open(path, "table");
  expect(file.header).toMatchObject({ kind: "table", format: 1, payload: payload.length, rows: 3, step: 7 });
  expect(Buffer.compare(new Uint8Array(file.readAll()), payload)).toBe(0);
  expect(file.readAll(true)).toBeInstanceOf(SharedArrayBuffer);
  file.verify();
  const ranges = fc
    .tuple(fc.nat(payload.length), fc.nat(payload.length))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
  const fresh = await BlockFile.open(path, "table");
  fc.assert(
    fc.property(ranges, ([start, end]) => {
      const into = new Uint8Array(end - start);
      fresh.read(start, into);
      expect(Buffer.compare(into, payload.subarray(start, end))).toBe(0);
      expect(
        Buffer.compare(new Uint8Array(fresh.readAll(false, start, end - start)), payload.subarray(start, end)),
      ).toBe(0);
    }),
    { numRuns: 20 },
  );
  expect(() => fresh.read(payload.length - 1, new Uint8Array(2))).toThrow(/were asked for/);
  file.close();
  fresh.close();
  expect(() => file.read(0, new Uint8Array(1))).toThrow(/was closed/);
});

test("a damaged block is found on first read and by verify, and named; sound ones are read", async () => {
  await write(payload, mib);
  const bytes = readFileSync(path);
  bytes[4096 + mib + 5]! ^= 1;
  writeFileSync(path, bytes);
  const file = await BlockFile.open(path, "table");
  file.read(10, new Uint8Array(10));
  file.read(2 * mib, new Uint8Array(10));
  const damaged = /file is damaged: bytes 1052672 to 2101247 \(block 1\) do not match their checksum/;
  expect(() => file.read(mib + 500, new Uint8Array(1))).toThrow(damaged);
  expect(() => file.readAll()).toThrow(damaged);
  expect(() => file.verify()).toThrow(damaged);
  file.close();
});

test("an unfinished, given up, truncated, foreign or newer file is refused", async () => {
  const writer = await BlockWriter.create(newFile(path), "table");
  await writer.write(payload);
  await expect(BlockFile.open(path, "table")).rejects.toThrow(/is not a table of Twin: it does not begin as one/);
  await writer.abort();
  await expect(BlockFile.open(path, "table")).rejects.toThrow(/there is no such file/);
  await expect(writer.write(payload)).rejects.toThrow(/already finished or given up/);
  await write(payload, mib);
  await expect(BlockFile.open(path, "items")).rejects.toThrow(/is not an item store of Twin: it says it is a table/);
  const header = { kind: "table", format: 2, payload: 0, block: mib } as const;
  writeFileSync(path, encodeHeader(header, await hasher())!);
  await expect(BlockFile.open(path, "table")).rejects.toThrow(/has format 2, and this version of Twin reads format 1/);
  const whole = 4096 + payload.length + 24;
  for (const length of [whole - 1, whole - 24, 4096 + mib, 4096, 4095, 12, 8, 7, 0]) {
    await write(payload, mib);
    truncateSync(path, length);
    await expect(BlockFile.open(path, "table"), String(length)).rejects.toThrow(TwinError);
  }
});

/** Opens and uses a file in each way; only a TwinError may come out. */
async function survive(): Promise<void> {
  const attempts = [
    async () => {
      const table = await TableFile.open(path);
      await floatRows(table, rowNumbers(Int32Array.of(1, 2)));
      await table.stored();
      table.close();
    },
    async () => {
      const index = await openKeyIndex(path);
      const keys = index.type === "int64" ? parseKeys([1, 5], "int64", "x") : parseKeys(["a", "b"], "string", "x");
      expect(index.lookup(keys).every((ordinal) => ordinal <= index.keys)).toBe(true);
      index.allKeys();
    },
    async () => {
      const store = await ItemStore.open(path);
      const both = rowNumbers(Int32Array.of(0, 1));
      await store.read(
        both,
        store.features.map(({ name }) => fieldPiece(store, name, 2).piece),
      );
      store.close();
    },
  ];
  for (const attempt of attempts) {
    await attempt().catch((error: unknown) => expect(error).toBeInstanceOf(TwinError));
  }
}

test("random bytes, mutated files and honest checksums over random headers never crash a reader", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
      writeFileSync(path, bytes);
      await survive();
    }),
    { numRuns: 30 },
  );
  const samples: Buffer[] = [];
  const table = await TableWriter.create(newFile(path), { precision: "uint8", width: 4, heads: [2, 2] });
  await table.write(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  await table.finish();
  samples.push(readFileSync(path));
  for (const keys of [
    parseKeys([5, 6], "int64", "x"),
    parseKeys([5n, 2n ** 60n], "int64", "x"),
    parseKeys(["a", "b"], "string", "x"),
  ]) {
    await writeKeyIndex(newFile(path), keys);
    samples.push(readFileSync(path));
  }
  const hash = await hasher();
  const edits = fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...samples), edits, fc.boolean(), async (sample, changes, mend) => {
      const bytes = Uint8Array.from(sample);
      for (const [at, byte] of changes) {
        bytes[at % bytes.length] = byte;
      }
      if (mend) {
        const view = new DataView(bytes.buffer);
        view.setBigUint64(4088, hash.bytes(bytes.subarray(0, 4088)), true);
        view.setBigUint64(bytes.length - 8, hash.bytes(bytes.subarray(4096, bytes.length - 8)), true);
      }
      writeFileSync(path, bytes);
      await survive();
    }),
    { numRuns: 200 },
  );
  const number = fc.oneof(fc.integer({ min: -1, max: 9 }), fc.constantFrom(2 ** 31, 2 ** 53, 1.5));
  const header = fc.record({
    kind: fc.constantFrom("table", "index", "items"),
    index: fc.constantFrom("dense", "sparse64", "string"),
    type: fc.constantFrom("int64", "string"),
    min: fc.constantFrom("0", "-9223372036854775808", "x"),
    precision: fc.constantFrom("float32", "float16", "uint8"),
    heads: fc.array(number, { maxLength: 3 }),
    keys: number,
    slots: fc.constantFrom(0, 3, 4, 8, 2 ** 31),
    longest: fc.constantFrom(0, 4, 2 ** 31),
    blob: number,
    rows: number,
    width: number,
    records: number,
    words: number,
    layout: number,
  });
  await fc.assert(
    fc.asyncProperty(header, fc.uint8Array({ maxLength: 128 }), async (fields, data) => {
      const bytes = new Uint8Array(4096 + data.length + (data.length > 0 ? 8 : 0));
      bytes.set(encodeHeader({ ...fields, format: 1, payload: data.length, block: mib } as BlockHeader, hash)!);
      bytes.set(data, 4096);
      if (data.length > 0) {
        new DataView(bytes.buffer).setBigUint64(4096 + data.length, hash.bytes(data), true);
      }
      writeFileSync(path, bytes);
      await survive();
    }),
    { numRuns: 300 },
  );
});
