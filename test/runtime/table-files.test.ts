// Tables and item stores in memory: what their writers put into headers and rows, and what their readers refuse of them.
import { describe, expect, it } from "vitest";
import type { Encoder } from "../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { BlockReader } from "../../runtime/bytes/block-reader.ts";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { MemorySink } from "../../runtime/bytes/byte-sink.ts";
import { memorySource } from "../../runtime/bytes/byte-source.ts";
import { itemFields, readItemLayout } from "../../runtime/table/item-layout.ts";
import { ItemStoreWriter, storedFeatures } from "../../runtime/table/item-store-writer.ts";
import { byNumber } from "../../runtime/table/locate.ts";
import { MemoryTable } from "../../runtime/table/memory-table.ts";
import { encodeRows, type RowFormat } from "../../runtime/table/precision.ts";
import { expectZeros, readTableHeader } from "../../runtime/table/table-header.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";

type Kind = "table" | "items";
type Fields = Readonly<Record<string, unknown>>;

/** A block file of these fields over this payload, as its reader sees it. */
async function file(kind: Kind, fields: Fields, payload: Uint8Array): Promise<BlockReader> {
  const sink = new MemorySink("FILE");
  const writer = await BlockWriter.create(sink, kind, fields);
  await writer.write(payload);
  await writer.finish();
  return BlockReader.over(memorySource("FILE", sink.bytes), kind);
}

const read = (sink: MemorySink, kind: Kind) => BlockReader.over(memorySource("FILE", sink.bytes), kind);
const bytes = (reader: BlockReader) => new Uint8Array(reader.readAll());

describe("a table", () => {
  const format: RowFormat = { precision: "uint8", width: 3, heads: [2, 1] };
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);

  it("begins with a row of zeros, counts its rows, and says how they are stored", async () => {
    const [one, other] = [new MemorySink("one"), new MemorySink("other")];
    const writer = await TableWriter.create(one, format, { step: 7 });
    expect(writer.rows).toBe(1);
    await writer.write(values.subarray(0, 3));
    expect(writer.rows).toBe(2);
    await writer.write(values.subarray(3));
    expect(writer.rows).toBe(3);
    await writer.finish();
    const again = await TableWriter.create(other, format, { step: 7 });
    await again.writeEncoded(encodeRows(values, format));
    expect(again.rows).toBe(3);
    await again.finish();
    expect(bytes(await read(other, "table"))).toEqual(bytes(await read(one, "table")));
    const reader = await read(one, "table");
    expect(reader.header).toMatchObject({ step: 7, rows: 3, width: 3, precision: "uint8", heads: [2, 1] });
    expect(readTableHeader(reader)).toEqual({ rows: 3, format });
    expect(bytes(reader)).toEqual(Uint8Array.of(...new Uint8Array(19), ...encodeRows(values, format)));
  });

  it("names the row of a value that cannot be written, and leaves nothing where it is given up", async () => {
    const sink = new MemorySink("one");
    const writer = await TableWriter.create(sink, { precision: "float32", width: 2, heads: [2] });
    await writer.write(Float32Array.of(1, 2, 3, 4));
    await expect(writer.write(Float32Array.of(5, Number.NaN))).rejects.toThrow(/^row 3, value 1 of the table is NaN/);
    await writer.abort();
    expect(() => sink.bytes).toThrow("it is not whole");
  });

  const sound = { rows: 2, width: 3, precision: "float32", heads: [2, 1] };
  it.each([
    ["no rows", { rows: 0 }, /its header lacks proper rows\. Build the tables again/],
    ["half a row", { rows: 1.5 }, /lacks proper rows/],
    ["rows beyond a number of 31 bits", { rows: 2 ** 31 }, /lacks proper rows/],
    ["no width", { width: undefined }, /lacks proper width/],
    ["another precision", { precision: "int4" }, /lacks proper precision/],
    ["no heads", { heads: 3 }, /lacks proper heads/],
    ["a head of nothing", { heads: [3, 0] }, /lacks proper heads\.1/],
    [
      "heads that do not fill a row",
      { heads: [1, 1] },
      /gives sizes that do not fit together\. Build the tables again/,
    ],
    ["more rows than there are", { rows: 3 }, /gives sizes that do not fit together/],
    ["rows of other bytes", { precision: "float16" }, /gives sizes that do not fit together/],
  ])("is refused with %s", async (_, change, message) => {
    expect(readTableHeader(await file("table", sound, new Uint8Array(24))).rows).toBe(2);
    const reader = await file("table", { ...sound, ...change }, new Uint8Array(24));
    expect(() => readTableHeader(reader)).toThrow(message);
    expect(() => readTableHeader(reader)).toThrow("FILE is not a table that this version of Twin reads: its header");
  });

  it("is refused where what stands for an absent row is not zeros", () => {
    expect(() => expectZeros("FILE", new Uint8Array(5))).not.toThrow();
    expect(() => expectZeros("FILE", Uint8Array.of(0, 0, 1))).toThrow("FILE: row 0 is the miss row and must be zeros");
  });

  it("in memory gives its floats, or its stored rows with their scales apart, and the rows themselves after both", async () => {
    const rowsOf = (precision: RowFormat["precision"]) => ({ precision, width: 2, heads: [2] }) as const;
    const table = (precision: RowFormat["precision"]) => {
      const stored = encodeRows(Float32Array.of(0, 0, 1, 2, -3, 5), rowsOf(precision));
      const memory = stored.buffer.slice(stored.byteOffset, stored.byteOffset + stored.length) as ArrayBuffer;
      return { memory, table: new MemoryTable("FILE", 3, rowsOf(precision), memory, byNumber) };
    };
    const keys = rowNumbers(Int32Array.of(2, 0, 1));
    const float = table("float32");
    expect([float.table.rows, float.table.rowBytes, float.table.where]).toEqual([3, 8, "FILE"]);
    expect((await float.table.floats())?.values).toEqual(Float32Array.of(0, 0, 1, 2, -3, 5));
    expect((await float.table.floats())?.row(keys)).toEqual(Int32Array.of(2, 0, 1));
    expect(await float.table.stored()).toBeNull();
    expect(float.table.memory).toBe(float.memory);

    const half = table("float16");
    expect(await half.table.floats()).toBeNull();
    const halves = await half.table.stored();
    expect([halves?.values.values.buffer === half.memory, halves?.values.affine]).toEqual([true, null]);
    expect(halves?.row(keys)).toEqual(Int32Array.of(2, 0, 1));
    expect(half.table.memory).toBe(half.memory);

    const small = table("uint8");
    const row = async () => {
      const into = new Uint8Array(20);
      const mask = await small.table.read(rowNumbers(Int32Array.of(2, 1)), [{ from: 0, bytes: 10, into }]);
      return [[...mask], [...into]];
    };
    const before = await row();
    expect(small.table.absent).toEqual(new Uint8Array(10));
    expect(await small.table.floats()).toBeNull();
    const apart = await small.table.stored();
    expect(apart?.values.values).toEqual(Uint8Array.of(0, 0, 0, 255, 0, 255));
    expect(apart?.values.affine).toEqual(Float32Array.of(0, 0, Math.fround(1 / 255), 1, Math.fround(8 / 255), -3));
    expect(small.table.memory).toBeNull();
    expect((await small.table.stored())?.values).toBe(apart?.values);
    expect(await row()).toEqual(before);
    expect(small.table.absent).toEqual(new Uint8Array(10));
    expect(small.table.locate(keys)).toEqual(Int32Array.of(2, 0, 1));
    expect(await small.table.floats()).toBeNull();
  });
});

function feature(name: string, encoder: Encoder, group: FeatureSpec["group"] = "item"): FeatureSpec {
  return {
    name: `item.${name}`,
    group,
    column: name,
    formerly: null,
    key: false,
    encoder: encoder as FeatureSpec["encoder"],
    dtype: encoder.kind === "number" ? "float32" : "int32",
    shape: [],
    embedding: null,
    vocabulary: null,
  };
}

describe("an item store", () => {
  const author = feature("author", { kind: "id", vocab: 100 });
  const topics = feature("topics", { kind: "tags", of: { kind: "id", vocab: 100 }, max: 2 });
  const price = feature("price", { kind: "number", scale: "none" });
  const id = feature("video", { kind: "key" } as Encoder);
  const age = feature("age", { kind: "id", vocab: 100 }, "user");
  const columns = () =>
    new Map<string, Int32Array | Float32Array>([
      ["item.author", Int32Array.of(4, 5)],
      ["item.topics", Int32Array.of(1, 2, 3, -1)],
      ["item.price", Float32Array.of(0.5, 1.5)],
    ]);

  it("holds features of items other than keys, in their order", () => {
    expect(storedFeatures([age, price, id, author])).toEqual([price, author]);
  });

  it("begins with the unknown item; records hold an item's features one after the other", async () => {
    const sink = new MemorySink("one");
    const writer = await ItemStoreWriter.create(sink, [age, author, id, topics, price], { step: 3 });
    expect(writer.records).toBe(1);
    await writer.write(columns(), 2);
    expect(writer.records).toBe(3);
    await writer.finish();
    const reader = await read(sink, "items");
    expect(reader.header).toMatchObject({ step: 3, records: 3, words: 4 });
    const layout = readItemLayout(reader);
    expect(layout).toEqual({
      records: 3,
      bytes: 48,
      features: [
        { name: "item.author", dtype: "int32", words: 1 },
        { name: "item.topics", dtype: "int32", words: 2 },
        { name: "item.price", dtype: "float32", words: 1 },
      ],
    });
    const float = (x: number) => new Int32Array(Float32Array.of(x).buffer)[0];
    expect(Array.from(new Int32Array(reader.readAll(false, 0, 48)))).toEqual([
      ...[0, -1, -1, 0],
      ...[4, 1, 2, float(0.5)],
      ...[5, 3, -1, float(1.5)],
    ]);
    const { fields, rowBytes } = itemFields(layout.features);
    expect(rowBytes).toBe(16);
    expect([...fields]).toEqual([
      ["item.author", { dtype: "int32", from: 0, words: 1 }],
      ["item.topics", { dtype: "int32", from: 4, words: 2 }],
      ["item.price", { dtype: "float32", from: 12, words: 1 }],
    ]);
  });

  it("takes columns of the rows that are said, each of its own length, and leaves nothing where it is given up", async () => {
    const sink = new MemorySink("one");
    const writer = await ItemStoreWriter.create(sink, [author, topics]);
    const write = (change: [string, Int32Array][], without?: string) => {
      const all = new Map([...columns(), ...change]);
      if (without !== undefined) {
        all.delete(without);
      }
      return writer.write(all, 2);
    };
    await expect(write([["item.topics", Int32Array.of(1, 2)]])).rejects.toThrow(
      "the encoded column item.topics has 2 values, and 4 are due",
    );
    await expect(write([], "item.author")).rejects.toThrow(
      "the encoded column item.author has no values, and 2 are due",
    );
    await writer.abort();
    expect(() => sink.bytes).toThrow("it is not whole");
  });

  it("takes columns that are parts of larger memory", async () => {
    const sink = new MemorySink("one");
    const writer = await ItemStoreWriter.create(sink, [author]);
    await writer.write(new Map([["item.author", Int32Array.of(9, 8, 7).subarray(1)]]), 2);
    await writer.finish();
    expect(Array.from(new Int32Array((await read(sink, "items")).readAll(false, 0, 12)))).toEqual([0, 8, 7]);
  });

  const layout = (features: unknown) =>
    new TextEncoder().encode(typeof features === "string" ? features : JSON.stringify(features));
  const store = (fields: Fields, features: unknown, records = 8) => {
    const text = layout(features);
    return file(
      "items",
      { records: 2, words: 1, layout: text.length, ...fields },
      Uint8Array.of(...new Uint8Array(records), ...text),
    );
  };
  const one = [{ name: "a", dtype: "int32", words: 1 }];
  it.each([
    ["no records", { records: 0 }, one, /its header lacks proper records\. Build/],
    ["words that are no number", { words: "1" }, one, /lacks proper words/],
    ["more words than fit 31 bits", { words: 2 ** 31 + 1 }, one, /lacks proper words/],
    ["no layout", { layout: undefined }, one, /lacks proper layout/],
    ["more records than there are", { records: 3 }, one, /its header gives sizes that do not fit together/],
    ["a shorter layout", { layout: 5 }, one, /its header gives sizes that do not fit together/],
    ["a layout that is no JSON text", {}, "[{", /its layout is no JSON text/],
    ["a layout of another kind", {}, { name: "a" }, /its layout does not describe its records/],
    ["a feature of no words", {}, [{ ...one[0], words: 0 }], /its layout does not describe its records/],
    ["a feature of another type", {}, [{ ...one[0], dtype: "int64" }], /its layout does not describe its records/],
    ["features of other words", {}, [...one, ...one], /its layout does not describe its records/],
  ])("is refused with %s", async (_, fields, features, message) => {
    expect(readItemLayout(await store({}, one))).toEqual({ records: 2, bytes: 8, features: one });
    const reader = await store(fields, features);
    expect(() => readItemLayout(reader)).toThrow(message);
    expect(() => readItemLayout(reader)).toThrow("FILE is not an item store that this version of Twin reads: ");
  });

  it("of no features holds records of nothing", async () => {
    expect(readItemLayout(await store({ words: 0, records: 5 }, [], 0))).toEqual({
      records: 5,
      bytes: 0,
      features: [],
    });
    await expect(store({ layout: 2 ** 31 + 1 }, one).then(readItemLayout)).rejects.toThrow("lacks proper layout");
  });

  it("whose layout is damaged says so, and not that it is no JSON text", async () => {
    const sink = new MemorySink("one");
    const writer = await ItemStoreWriter.create(sink, [author]);
    await writer.finish();
    const damaged = sink.bytes.slice();
    damaged[4096 + 4] ^= 1;
    const reader = await BlockReader.over(memorySource("FILE", damaged), "items");
    expect(() => readItemLayout(reader)).toThrow(/FILE is damaged: bytes/);
  });
});
