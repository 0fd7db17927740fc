// Row precisions, tables in memory and in their file, and item stores.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { fromHalf, toHalf } from "../../contract/half.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { inMemory } from "../../runtime/evaluate/full-tables.ts";
import type { Engine } from "../../runtime/request/engine.ts";
import type { HistorySide } from "../../runtime/request/history.ts";
import { tableRows } from "../../runtime/request/table-rows.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { ItemStore } from "../../runtime/store/item-store.ts";
import { TableFile } from "../../runtime/store/table-file.ts";
import { fieldPiece } from "../../runtime/table/item-rows.ts";
import { ItemStoreWriter } from "../../runtime/table/item-store-writer.ts";
import { byNumber } from "../../runtime/table/locate.ts";
import { decodeRows, encodeRows, headsOf, type RowFormat, rowBytes } from "../../runtime/table/precision.ts";
import { floatRows } from "../../runtime/table/read-rows.ts";
import { decodeStored } from "../../runtime/table/stored-rows.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-rows-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file");
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });

test("every half decodes and encodes to itself", () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalf(bits);
    const back = toHalf(value);
    if (Number.isNaN(value) ? !Number.isNaN(fromHalf(back)) : back !== bits) {
      wrong.push(bits);
    }
  }
  expect(wrong).toEqual([]);
});

test("float32 rounds to the nearest half, ties to even", () => {
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x7bff; bits++) {
    const middle = (fromHalf(bits) + fromHalf(bits + 1)) / 2;
    const step = 2 ** (Math.floor(Math.log2(middle)) - 23);
    const even = bits % 2 === 0 ? bits : bits + 1;
    if (toHalf(middle) !== even || toHalf(middle + step) !== bits + 1 || toHalf(step - middle) !== (0x8000 | bits)) {
      wrong.push(bits);
    }
  }
  expect(wrong).toEqual([]);
  expect([toHalf(65519), toHalf(65520), toHalf(1e30), toHalf(-1e30), toHalf(1e-30)]).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0xfc00, 0,
  ]);
});

test("rows decode to what they were, within the precision", () => {
  const rows = fc.array(fc.array(float, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.constantFrom("float32", "float16", "uint8" as const), (data, precision) => {
      const format = { precision, width: 5, heads: [3, 2] } as RowFormat;
      const values = Float32Array.from(data.flat());
      const bytes = encodeRows(values, format);
      expect(bytes.length).toBe(data.length * rowBytes(format));
      const back = new Float32Array(values.length + 1);
      decodeRows(bytes, 0, data.length, format, back, 1);
      for (let i = 0; i < values.length; i++) {
        const row = Math.floor(i / 5) * 5;
        const head = [...values.subarray(...(i - row < 3 ? [row, row + 3] : [row + 3, row + 5]))];
        const span = Math.max(...head) - Math.min(...head);
        const bound =
          precision === "float32"
            ? 0
            : precision === "float16"
              ? 2 ** -25 + Math.abs(values[i]!) * 2 ** -11
              : span / 510 + 1e-42 + 1e-6 * Math.max(...head.map(Math.abs));
        expect(Math.abs(back[i + 1]! - values[i]!)).toBeLessThanOrEqual(bound);
      }
    }),
  );
  expect(
    headsOf([
      { heads: 2, dim: 3 },
      { heads: 1, dim: 4 },
    ]),
  ).toEqual([3, 3, 4]);
});

test("float16 rows round as one number does, ties to even", () => {
  const middles = Array.from({ length: 0x7bff }, (_, bits) => (fromHalf(bits) + fromHalf(bits + 1)) / 2);
  const values = Float32Array.from([...middles, ...middles.map((one) => -one)]);
  const bytes = encodeRows(values, { precision: "float16", width: 1, heads: [1] });
  const stored = new Uint16Array(bytes.buffer, bytes.byteOffset, values.length);
  const wrong = [...values.keys()].filter((i) => stored[i] !== toHalf(values[i]));
  expect(wrong).toEqual([]);
});

test("a table holds its rows up to the last one, and no more", async () => {
  const ordinals = Int32Array.of(1, 3, 4, 0, 5);
  const engine = {
    artefacts: { manifest: { tables: { keys: { width: 1, on_miss: "mask" } } } },
    variants: { takes: () => false },
    wholeTables: false,
  } as unknown as Engine;
  const history = { count: 5, length: 6, rowKeys: rowNumbers(ordinals) } as unknown as HistorySide;
  // Rows 0 … 3: ordinals 1, 2 and 3 have one.
  const open = inMemory(Float32Array.of(0, 10, 20, 30), 1, byNumber);
  const { row, rows, found, missed, missing } = await tableRows(engine, history, "keys", open);
  expect({ found, missed, missing: [...missing] }).toEqual({ found: 2, missed: 3, missing: [2, 3, 4] });
  expect([...row.data]).toEqual([1, 2, 0, 0, 0, 0]);
  expect([...rows.data]).toEqual([0, 10, 30, 0, 0, 0, 0]);
  const whole = await tableRows({ ...engine, wholeTables: true }, history, "keys", open);
  expect([...whole.row.data]).toEqual([1, 3, 0, 0, 0, 0]);
  expect([...whole.rows.data]).toEqual([0, 10, 20, 30]);
});

test("uint8 rows are laid out as the spec says", () => {
  const bytes = encodeRows(Float32Array.of(0, 255, 51, 7, 7), { precision: "uint8", width: 5, heads: [3, 2] });
  expect([...bytes.subarray(0, 5)]).toEqual([0, 255, 51, 0, 0]);
  const view = new DataView(bytes.buffer);
  expect([5, 9, 13, 17].map((at) => view.getFloat32(at, true))).toEqual([1, 0, 0, 7]);
});

test("what no row can hold is refused, with its place", () => {
  const format = (precision: RowFormat["precision"]) => ({ precision, width: 2, heads: [2] });
  expect(() => encodeRows(Float32Array.of(0, 0, 0, Number.NaN), format("float32"), 5)).toThrow(
    /row 6, value 1 of the table is NaN/,
  );
  expect(() => encodeRows(Float32Array.of(70000, 0), format("float16"))).toThrow(
    /70000, beyond float16's 65504: say `precision: float32`/,
  );
  expect(() => encodeRows(Float32Array.of(1, Number.POSITIVE_INFINITY), format("uint8"))).toThrow(/is Infinity/);
});

const format = (precision: RowFormat["precision"]): RowFormat => ({ precision, width: 4, heads: [2, 2] });
const items = 40_000;
const values = Float32Array.from({ length: items * 4 }, (_, i) => ((i * 37) % 256) + (i % 4) / 4);

test.each(["float32", "float16", "uint8"] as const)(
  "a %s table gives the same rows from memory and from its file",
  async (precision) => {
    const writer = await TableWriter.create(newFile(path), format(precision), { step: 3 });
    await writer.write(values.subarray(0, 4 * 1000));
    await writer.writeEncoded(encodeRows(values.subarray(4 * 1000), format(precision)));
    await writer.finish();
    expect(writer.rows).toBe(items + 1);
    const memory = await TableFile.open(path, { shared: true });
    const file = await TableFile.open(path, { memoryLimit: 100_000 });
    expect(memory).toMatchObject({ rows: items + 1, format: { width: 4, precision } });
    expect(memory.header).toMatchObject({ step: 3 });
    expect([memory.inMemory, file.inMemory]).toEqual([true, false]);
    const ordinals = rowNumbers(Int32Array.of(1, 0, items, items + 1, -5, 777, 30_000, 2_000_000_000));
    expect([...memory.locate(ordinals)]).toEqual([1, 0, items, 0, 0, 777, 30_000, 0]);
    const expected = await floatRows(memory, ordinals);
    expect([...expected.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
    if (precision === "float32") {
      expect(expected.subarray(0, 4)).toEqual(values.subarray(0, 4));
      expect(expected.subarray(6 * 4, 7 * 4)).toEqual(values.subarray(4 * 29_999, 4 * 30_000));
    }
    expect([await file.floats(), await file.stored()]).toEqual([null, null]);
    const whole = await memory.floats();
    expect(whole?.values.buffer ?? null).toBe(precision === "float32" ? memory.image().stored : null);
    const attached = await TableFile.attach(structuredClone(memory.image()));
    const distant = await TableFile.attach(structuredClone(file.image()));
    expect(attached.image().stored).toBeInstanceOf(SharedArrayBuffer);
    for (const table of [file, attached, distant]) {
      expect(await floatRows(table, ordinals)).toEqual(expected);
    }
    // Who attached reads through the descriptor of whoever opened: that one closes last.
    for (const table of [attached, distant, memory, file]) {
      table.verify();
      table.close();
    }
  },
);

test("an item store keeps each feature's words; unknown items read record 0", async () => {
  const feature = (name: string, encoder: FeatureSpec["encoder"], group: FeatureSpec["group"] = "item") =>
    ({
      name,
      group,
      encoder,
      dtype: "int32",
      shape: [],
      column: name,
      formerly: null,
      key: false,
      embedding: null,
      vocabulary: null,
    }) as FeatureSpec;
  const features = [
    feature("item.key", { kind: "key", type: "int64" }),
    feature("item.id", { kind: "id", vocab: 9 }),
    feature("user.age", { kind: "id", vocab: 9 }, "user"),
    feature("item.tags", { kind: "tags", of: { kind: "id", vocab: 9 }, max: 2 }),
    feature("item.cover", { kind: "pretrained", size: 3 }),
  ];
  const writer = await ItemStoreWriter.create(newFile(path), features);
  const columns = new Map<string, Int32Array | Float32Array>([
    ["item.id", Int32Array.of(4, 5)],
    ["item.tags", Int32Array.of(1, 2, 3, -1)],
    ["item.cover", Float32Array.of(0.5, 1, 2, 3, 4, 5)],
  ]);
  await writer.write(columns, 2);
  await writer.write(columns, 2);
  await expect(writer.write(new Map([["item.id", Int32Array.of(1)]]), 1)).rejects.toThrow(
    /item.tags has no values, and 2 are due/,
  );
  await writer.finish();
  const memory = await ItemStore.open(path, { shared: true });
  expect(memory.records).toBe(5);
  expect(memory.features.map(({ name }) => name)).toEqual(["item.id", "item.tags", "item.cover"]);
  const file = await ItemStore.open(path, { memoryLimit: 10 });
  const attached = await ItemStore.attach(structuredClone(memory.image()));
  const read = async (store: ItemStore, name: string, ordinals: Int32Array) => {
    const { column, piece } = fieldPiece(store, name, ordinals.length);
    await store.read(rowNumbers(ordinals), [piece]);
    return column;
  };
  for (const store of [memory, file, attached]) {
    const ordinals = Int32Array.of(0, 1, 4, 99, -1);
    expect([...(await read(store, "item.id", ordinals))]).toEqual([0, 4, 5, 0, 0]);
    expect([...(await read(store, "item.tags", ordinals))]).toEqual([-1, -1, 1, 2, 3, -1, -1, -1, -1, -1]);
    expect(await read(store, "item.cover", Int32Array.of(2, 0))).toEqual(Float32Array.of(3, 4, 5, 0, 0, 0));
    await expect(read(store, "item.key", ordinals)).rejects.toThrow(/holds no feature item.key/);
    store.verify();
    store.close();
  }
});

test.each(["float16", "uint8"] as const)(
  "a %s table is given as it is stored, whole or some rows of it",
  async (precision) => {
    const writer = await TableWriter.create(newFile(path), format(precision));
    await writer.write(values.subarray(0, 4 * 50));
    await writer.finish();
    const [memory, file, shared] = [
      await TableFile.open(path),
      await TableFile.open(path, { memoryLimit: 16 }),
      await TableFile.open(path, { shared: true }),
    ];
    const attached = await TableFile.attach(structuredClone(shared.image()));
    const ordinals = rowNumbers(Int32Array.of(0, 50, 3, 51, -1, 3));
    const expected = await floatRows(file, ordinals);
    for (const table of [memory, attached]) {
      expect(await floatRows(table, ordinals)).toEqual(expected);
    }
    expect(await file.stored()).toBeNull();
    const { values: whole, row } = (await memory.stored())!;
    expect([whole.values.length, whole.affine?.length ?? 0]).toEqual([51 * 4, precision === "uint8" ? 51 * 4 : 0]);
    expect((await memory.stored())!.values.values.buffer).toBe(whole.values.buffer);
    const floats = new Float32Array(expected.length);
    row(ordinals)!.forEach((at, i) => {
      decodeStored(whole, at, format(precision), floats, 4 * i);
    });
    expect(floats).toEqual(expected);
    // Rearranged, it still gives its rows.
    expect(await floatRows(memory, ordinals)).toEqual(expected);
    expect(memory.inMemory).toBe(true);
    for (const table of [memory, file, shared, attached]) {
      table.close();
    }
  },
);
