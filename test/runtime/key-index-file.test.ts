// Key indexes in memory: which kind is built of which keys, what it holds, and what its reader refuses.
import { describe, expect, it } from "vitest";
import { hasher } from "../../contract/hash.ts";
import { BlockReader } from "../../runtime/bytes/block-reader.ts";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { MemorySink } from "../../runtime/bytes/byte-sink.ts";
import { memorySource } from "../../runtime/bytes/byte-source.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { buildKeyIndex, writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { readKeyIndex } from "../../runtime/table/key-index-read.ts";

/** An index of these fields over this payload, as its reader sees it. */
async function file(fields: Readonly<Record<string, unknown>>, payload: Uint8Array): Promise<BlockReader> {
  const sink = new MemorySink("FILE");
  const writer = await BlockWriter.create(sink, "index", fields);
  await writer.write(payload);
  await writer.finish();
  return BlockReader.over(memorySource("FILE", sink.bytes), "index");
}

/** Takes so many writes. */
class FullSink extends MemorySink {
  #left: number;

  constructor(writes: number) {
    super("full");
    this.#left = writes;
  }

  override write(bytes: Uint8Array, position: number): void {
    if (this.#left-- === 0) {
      throw new Error("the place is full");
    }
    super.write(bytes, position);
  }
}

/** An index as a file: fields and parts. */
async function built(values: readonly (bigint | number | string)[], type: "int64" | "string") {
  const { fields, parts } = buildKeyIndex(parseKeys(values, type, "items"), await hasher());
  return { fields, payload: Uint8Array.from([...parts].flatMap((part) => [...part])) };
}

describe("a key index", () => {
  const texts = ["ab", "", "é😀", "x"];
  it.each([
    ["dense", [5, 7, 4], { index: "dense", type: "int64", keys: 3, slots: 4, min: "4" }],
    ["dense up to six slots a key", [0, 11], { index: "dense", type: "int64", keys: 2, slots: 12, min: "0" }],
    ["sparse beyond", [0, 12], { index: "sparse64", type: "int64", keys: 2, slots: 4 }],
    ["dense across zero", [-2, 1], { index: "dense", type: "int64", keys: 2, slots: 4, min: "-2" }],
    ["of texts", texts, { index: "string", type: "string", keys: 4, slots: 8, blob: 9 }],
  ] as const)("is %s", async (_, values, wanted) => {
    const { fields, payload } = await built(values, wanted.type);
    expect(fields).toMatchObject(wanted);
    const index = await readKeyIndex(await file(fields, payload));
    expect(Array.from(index.lookup(parseKeys(values, wanted.type, "x")))).toEqual(values.map((_, i) => i + 1));
    const shared = await readKeyIndex(await file(fields, payload), true);
    expect(shared.image().parts.every((part) => part instanceof SharedArrayBuffer)).toBe(true);
    expect(index.image().parts.every((part) => part instanceof ArrayBuffer)).toBe(true);
    expect(index.path).toBe("FILE");
  });

  it("counts the bytes of texts as UTF-8 has them", async () => {
    for (const text of [
      "a",
      "\u007f",
      "\u0080",
      "\u07ff",
      "\u0800",
      "\uffff",
      "\u{10000}",
      "\ud800",
      "\udc00x",
      "\ud800\ud800\udc00",
      "x\ud83d",
      // Halves of pairs beside what is none, whose bytes are told apart by their sum.
      "\ud800é",
      "é\udc00",
      "\udc00\udc00",
      "\uffffé",
    ]) {
      const { fields } = await built([text], "string");
      expect([text, fields]).toMatchObject([text, { blob: new TextEncoder().encode(text).length }]);
    }
  });

  it("writes many texts in pieces, and a long one whole", async () => {
    const long = ["a".repeat(700_000), "b".repeat(700_000), "c".repeat(1_500_000), "d"];
    const { parts } = buildKeyIndex(parseKeys(long, "string", "items"), await hasher());
    const [, , ...blob] = [...parts].map((part) => part.slice());
    expect(blob.map(({ length }) => length)).toEqual([700_000, 700_000, 1_500_000, 1]);
    expect(blob.map((piece) => String.fromCharCode(piece[0]))).toEqual(["a", "b", "c", "d"]);
    const full = ["a".repeat(1 << 19), "b".repeat(1 << 19), "c"];
    const [, , ...pieces] = buildKeyIndex(parseKeys(full, "string", "items"), await hasher()).parts;
    expect(pieces.map(({ length }) => length)).toEqual([1 << 20, 1]);
  });

  it("holds 2^29 keys and no more", async () => {
    // Their number is looked at before the keys, of which there are none here.
    const column = (length: number) => ({ type: "string", length, texts: [] }) as const;
    const xx = await hasher();
    expect(buildKeyIndex(column(2 ** 29), xx).fields.keys).toBe(2 ** 29);
    expect(() => buildKeyIndex(column(2 ** 29 + 1), xx)).toThrow(
      "536870913 keys are more than the 536870912 that one index holds",
    );
  });

  it("that cannot be written is given up, and says why", async () => {
    for (const at of [0, 1]) {
      const sink = new FullSink(at);
      await expect(writeKeyIndex(sink, parseKeys(texts, "string", "items"))).rejects.toThrow("the place is full");
      expect(() => sink.bytes).toThrow(/not whole/);
    }
  });

  it("holds every order of keys", async () => {
    for (const values of [
      [2n ** 40n, 2n ** 40n + 3n, 2n ** 40n - 1n],
      [-1n, 0n, 1n],
      [2n ** 32n, 2n ** 32n - 1n],
      [-(2n ** 32n), -(2n ** 32n) - 1n],
    ]) {
      const { fields } = await built(values, "int64");
      const least = values.toSorted((a, b) => Number(a - b))[0];
      const most = values.toSorted((a, b) => Number(b - a))[0];
      expect(fields).toMatchObject({ index: "dense", min: String(least), slots: Number(most - least) + 1 });
    }
  });

  const words = (...numbers: number[]) => new Uint8Array(Uint32Array.from(numbers).buffer);
  const dense = { index: "dense", type: "int64", keys: 2, slots: 3, min: "-5" };
  const sparse = { index: "sparse64", type: "int64", keys: 1, slots: 4, longest: 0 };
  const slots = [0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0, 0];
  const string = { index: "string", type: "string", keys: 1, slots: 4, longest: 0, blob: 4 };
  const offsets = [0, 0, 4, 0];
  it("that is sound is read", async () => {
    expect((await readKeyIndex(await file(dense, words(1, 0, 2)))).keys).toBe(2);
    expect((await readKeyIndex(await file({ ...dense, keys: 3 }, words(1, 3, 2)))).keys).toBe(3);
    const far = { ...dense, min: `-${"1".repeat(19)}` };
    expect((await readKeyIndex(await file(far, words(1, 0, 2)))).keys).toBe(2);
    expect((await readKeyIndex(await file(sparse, words(...slots)))).keys).toBe(1);
    expect((await readKeyIndex(await file(string, words(...slots, ...offsets, 0x61616161)))).keys).toBe(1);
    const large = { ...string, keys: 1, slots: 4, blob: 0 };
    expect((await readKeyIndex(await file(large, words(...slots, 0, 0, 0, 0)))).keys).toBe(1);
  });
  const unfit =
    /^FILE is not a key index that this version of Twin reads: its header gives sizes that do not fit together/;
  const promised = (keys: number) => new RegExp(`^FILE is damaged: its slots do not hold the ${keys} keys it promises`);
  it.each([
    ["another kind", { ...dense, index: "tree" }, words(1, 0, 2), /its header lacks proper index/],
    ["no number of keys", { ...dense, keys: -1 }, words(1, 0, 2), /its header lacks proper keys/],
    ["more slots than there are", { ...dense, slots: 4 }, words(1, 0, 2), unfit],
    ["more keys than slots", { ...dense, keys: 4 }, words(1, 3, 2), unfit],
    ["a first key that is no number", { ...dense, min: "a" }, words(1, 0, 2), unfit],
    ["a first key of 20 digits", { ...dense, min: "1".repeat(20) }, words(1, 0, 2), unfit],
    ["slots that are no power of two", { ...sparse, slots: 5 }, words(...slots, 0, 0, 0), unfit],
    ["fewer than four slots", { ...sparse, slots: 2 }, words(...slots.slice(0, 6)), unfit],
    ["more than half of the slots used", { ...sparse, keys: 3 }, words(0, 0, 1, 1, 0, 2, 2, 0, 3, 0, 0, 0), unfit],
    ["a shorter blob", { ...string, blob: 3 }, words(...slots, ...offsets, 0x61616161), unfit],
    ["a dense ordinal beyond its keys", dense, words(1, 0, 3), promised(2)],
    ["fewer ordinals than keys", dense, words(1, 0, 0), promised(2)],
    ["more ordinals than keys", dense, words(1, 2, 2), promised(2)],
    ["an ordinal of a slot beyond its keys", sparse, words(0, 0, 0, 7, 0, 2, 0, 0, 0, 0, 0, 0), promised(1)],
    ["no ordinal in a slot", sparse, words(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), promised(1)],
    ["texts that begin later", string, words(...slots, 1, 0, 4, 0, 0), /the places of its strings are not ascending/],
    [
      "texts that end before they begin",
      { ...string, keys: 2 },
      words(0, 0, 1, 7, 0, 2, ...slots.slice(6), 0, 0, 3, 0, 2, 0, 0),
      /the places of its strings are not ascending/,
    ],
    [
      "texts that end early",
      string,
      words(...slots, 0, 0, 3, 0, 0),
      /FILE is damaged: its strings end at 3 of 4 bytes/,
    ],
    ["texts that end 4 GB late", string, words(...slots, 0, 0, 4, 1, 0), /its strings end at 4294967300 of 4 bytes/],
  ])("is refused with %s", async (_, fields, payload, message) => {
    await expect(readKeyIndex(await file(fields, payload))).rejects.toThrow(message);
  });
});
