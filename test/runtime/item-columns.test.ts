// Features of a column of items: what came with the request wins, then the item store, then "unknown".
import { beforeAll, describe, expect, it } from "vitest";
import type { Encoder } from "../../contract/encoder-spec.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { Vocabulary } from "../../runtime/encode/vocabulary.ts";
import { type BroughtItems, ItemColumns } from "../../runtime/table/item-columns.ts";
import { fieldPiece, type ItemRows } from "../../runtime/table/item-rows.ts";
import { byNumber } from "../../runtime/table/locate.ts";
import { MemoryRows } from "../../runtime/table/memory-rows.ts";
import { bytesOf, rowNumbers } from "../../runtime/table/table-store.ts";

let hash: Hasher;
beforeAll(async () => {
  hash = await hasher();
});

function feature(name: string, encoder: Encoder, key = false): FeatureSpec {
  return {
    name: `item.${name}`,
    group: "item",
    column: name,
    formerly: null,
    key,
    encoder: encoder as FeatureSpec["encoder"],
    dtype: encoder.kind === "number" ? "float32" : "int32",
    shape: [],
    embedding: null,
    vocabulary: null,
  };
}
const video = feature("video", { kind: "id", vocab: 1000 }, true);
const topics = feature("topics", { kind: "tags", of: { kind: "id", vocab: 100 }, max: 2 });
const price = feature("price", { kind: "number", scale: "none" });

/** Records of video, topics and price; record 0 is that of an unknown item. */
const records = [
  { video: 0, topics: [-1, -1], price: 0 },
  { video: 11, topics: [1, 2], price: 0.5 },
  { video: 12, topics: [3, -1], price: 1.5 },
  { video: 13, topics: [-1, -1], price: 2.5 },
];

/** A store that counts its reads, and fails as often as it is told to. */
function itemStore(failures = 0): { store: ItemRows; reads: number[] } {
  const words = records.flatMap(({ video: id, topics: tags, price: cost }) => [
    id,
    ...tags,
    new Int32Array(Float32Array.of(cost).buffer)[0],
  ]);
  const sections = [{ from: 0, bytes: 16, memory: bytesOf(Int32Array.from(words)) }];
  const rows = new MemoryRows("the items", records.length, sections, byNumber);
  const reads: number[] = [];
  let left = failures;
  const store: ItemRows = {
    where: rows.where,
    rowBytes: 16,
    absent: rows.absent,
    fields: new Map([
      ["item.video", { dtype: "int32", from: 0, words: 1 }],
      ["item.topics", { dtype: "int32", from: 4, words: 2 }],
      ["item.price", { dtype: "float32", from: 12, words: 1 }],
    ]),
    read: async (keys, into, options) => {
      reads.push(into.length);
      if (left-- > 0) {
        throw new Error("the disk is gone");
      }
      return rows.read(keys, into, options);
    },
  };
  return { store, reads };
}

function brought(ordinals: number[], rest: Partial<BroughtItems> = {}): BroughtItems {
  return {
    // Item n of the store has the key 10 n; one that the store does not know has 500.
    keys: ordinals.map((n) => (n === 0 ? 500 : 10 * n)),
    rowKeys: rowNumbers(Int32Array.from(ordinals)),
    store: itemStore().store,
    inline: {},
    context: { hasher: hash, vocabulary: () => Vocabulary.of("none", []), where: "candidates" },
    ...rest,
  };
}

describe("features of items", () => {
  it("come from the store by one read, and an item outside is still known by its key", async () => {
    const { store, reads } = itemStore();
    const items = new ItemColumns(brought([2, 0, 1], { store }));
    await items.fetch([video, topics, price, video], undefined, true);
    expect(items.encoded(video)).toEqual(Int32Array.of(12, 501, 11));
    expect(items.encoded(topics)).toEqual(Int32Array.of(3, -1, -1, -1, 1, 2));
    expect(items.encoded(price)).toEqual(Float32Array.of(1.5, 0, 0.5));
    expect(items.unknown()).toBe(1);
    expect([items.rows, items.keys]).toEqual([3, [20, 500, 10]]);
    await items.fetch([price, topics]);
    expect(reads).toEqual([3]);
  });

  it("that came along are taken, and then nobody counts as unknown", async () => {
    const { store, reads } = itemStore();
    const items = new ItemColumns(brought([0, 2], { store, inline: { topics: [[7], [8, 9, 10]], video: [1, 2] } }));
    await items.fetch([topics, video, price], undefined, true);
    expect(items.encoded(topics)).toEqual(Int32Array.of(8, -1, 9, 10));
    expect(items.encoded(video)).toEqual(Int32Array.of(2, 3));
    expect(items.encoded(price)).toEqual(Float32Array.of(0, 1.5));
    expect(items.unknown()).toBe(0);
    expect(reads).toEqual([1]);
  });

  it("stand in the order that is asked for, padded with what is unknown", async () => {
    const order = Int32Array.of(2, 0);
    const inline = { price: [5, 6, 7] };
    const items = new ItemColumns(brought([1, 2, 0], { inline }), order, 4);
    await items.fetch([video, topics, price]);
    expect(items.encoded(video)).toEqual(Int32Array.of(501, 11, 0, 0));
    expect(items.encoded(topics)).toEqual(Int32Array.of(-1, -1, 1, 2, -1, -1, -1, -1));
    expect(items.encoded(price)).toEqual(Float32Array.of(7, 5, 0, 0));
    expect(items.rowKeys).toEqual(rowNumbers(Int32Array.of(0, 1)));
    // Some of them, by their places in this order.
    const some = items.some([1, 1, 0]);
    await some.fetch([video, price, topics]);
    expect(some.encoded(video)).toEqual(Int32Array.of(11, 11, 501));
    expect(some.encoded(price)).toEqual(Float32Array.of(5, 5, 7));
    const tags = new ItemColumns(brought([1, 2], { inline: { topics: [[1], [2]] } }), Int32Array.of(1), 2);
    await tags.fetch([topics]);
    expect(tags.encoded(topics)).toEqual(Int32Array.of(3, -1, -1, -1));
    const whole = new ItemColumns(brought([1, 2, 3])).some([2, 0]);
    await whole.fetch([price]);
    expect(whole.encoded(price)).toEqual(Float32Array.of(2.5, 0.5));
  });

  it("without a store are those of the key, and what else is needed must come along", async () => {
    const items = new ItemColumns(brought([1, 2], { store: null, rowKeys: null }), Int32Array.of(1, 0));
    await items.fetch([video]);
    expect(items.encoded(video)).toEqual(Int32Array.of(21, 11));
    expect(items.rowKeys).toBeNull();
    expect(items.unknown()).toBe(0);
    await expect(items.fetch([price])).rejects.toThrow(
      /^candidates: the item feature item.price is needed, and there is no item store.*twin table build.*items: \{price: \[…\]\}/,
    );
  });

  it("are looked up by keys in a store alone: of keys or a store by themselves nothing is known", async () => {
    for (const rest of [{ store: null }, { rowKeys: null }]) {
      const items = new ItemColumns(brought([1], rest));
      await items.fetch([video]);
      expect(items.encoded(video)).toEqual(Int32Array.of(11));
      await expect(items.fetch([price])).rejects.toThrow("there is no item store to look it up in");
    }
  });

  it("of several numbers a key are those of the key for every item outside", async () => {
    const pair = feature("pair", { kind: "hashed", buckets: 1000, hashes: 2 }, true);
    const { store } = itemStore();
    const fields = new Map([["item.pair", { dtype: "int32", from: 0, words: 2 } as const]]);
    const half: ItemRows = { ...store, fields, read: async () => Uint8Array.of(0, 1, 0, 0) };
    const [outside, alone] = [{ store: half }, { store: null, rowKeys: null }].map(
      (rest) => new ItemColumns({ ...brought([1, 2, 3, 1], rest), keys: ["a", "b", "c", "d"] }),
    );
    await outside.fetch([pair]);
    await alone.fetch([pair]);
    const numbers = alone.encoded(pair).slice();
    expect(numbers).toHaveLength(8);
    expect(new Set(numbers).size).toBe(8);
    numbers.fill(0, 2, 4);
    expect(outside.encoded(pair)).toEqual(numbers);
  });

  it("of no items are all missing, with or without a store, and nothing is read", async () => {
    const { store, reads } = itemStore();
    await new ItemColumns(brought([], { store }), null, 2).fetch([video, topics]);
    expect(reads).toEqual([]);
    for (const rest of [{}, { store: null, rowKeys: null }]) {
      const items = new ItemColumns(brought([], rest), null, 2);
      await items.fetch([video, topics, price], undefined, true);
      expect(items.encoded(topics)).toEqual(Int32Array.of(-1, -1, -1, -1));
      expect(items.encoded(video)).toEqual(Int32Array.of(0, 0));
    }
    // Of the items that were brought, none is asked for.
    const none = new ItemColumns(brought([1]), new Int32Array(), 1);
    await none.fetch([price]);
    expect(none.encoded(price)).toEqual(Float32Array.of(0));
  });

  it("are read once where two ask at the same time, and again where reading failed", async () => {
    const { store, reads } = itemStore(1);
    const items = new ItemColumns(brought([1], { store }));
    const both = await Promise.allSettled([items.fetch([price]), items.fetch([price])]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(reads).toEqual([1]);
    expect(() => items.encoded(price)).toThrow("candidates: item.price was not fetched");
    await Promise.all([items.fetch([price]), items.fetch([price, topics])]);
    expect(items.encoded(price)).toEqual(Float32Array.of(0.5));
    expect(items.encoded(topics)).toEqual(Int32Array.of(1, 2));
    expect(reads).toEqual([1, 1, 1]);
  });

  it("are counted without any feature where only that is asked, once", async () => {
    const { store, reads } = itemStore();
    const items = new ItemColumns(brought([0, 1, 0], { store }));
    await items.fetch([]);
    expect(reads).toEqual([]);
    await items.fetch([], undefined, true);
    await items.fetch([], undefined, true);
    expect(items.unknown()).toBe(2);
    expect(reads).toEqual([0]);
    const inline = new ItemColumns(brought([0], { store, inline: { price: [1] } }));
    await inline.fetch([], undefined, true);
    expect(inline.unknown()).toBe(0);
    expect(reads).toEqual([0]);
  });
});

it("a field of a record has its place, its type and its length", () => {
  const { store } = itemStore();
  const { column, piece } = fieldPiece(store, "item.topics", 4, 3);
  expect(column).toEqual(new Int32Array(8));
  expect([piece.from, piece.bytes, piece.into.length]).toEqual([4, 8, 24]);
  expect(piece.into.buffer).toBe(column.buffer);
  expect(fieldPiece(store, "item.price", 2).column).toEqual(new Float32Array(2));
  expect(fieldPiece(store, "item.price", 2).piece.into).toHaveLength(8);
  const fields = new Map([["item.cover", { dtype: "float32", from: 0, words: 3 } as const]]);
  expect(fieldPiece({ where: "x", fields }, "item.cover", 2).column).toEqual(new Float32Array(6));
  expect(() => fieldPiece(store, "item.colour", 1)).toThrow("the items holds no feature item.colour");
});
