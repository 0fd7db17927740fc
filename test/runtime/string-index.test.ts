// The index of strings where hashes do not tell keys apart: only the key's own bytes do.
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Hasher, hasher as standard } from "../../contract/hash.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { buildKeyIndex } from "../../runtime/table/key-index-build.ts";
import { allStrings, hashTexts, lookupStrings, offsetsOf, type StringIndex } from "../../runtime/table/string-index.ts";

/** A hash that is the same for all, or tells by the first letter alone. */
const xx = await standard();
const alike: Hasher = { ...xx, text: () => 42n };
const byFirst: Hasher = { ...xx, text: (text) => BigInt(text.charCodeAt(0) || 0) << 32n };

function indexOf(texts: readonly string[], hasher: Hasher): StringIndex {
  const { fields, parts } = buildKeyIndex(parseKeys(texts, "string", "items"), hasher);
  const bytes = Buffer.concat([...parts].map((part) => Buffer.from(part)));
  const memory = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  if (fields.index !== "string") {
    throw new Error(fields.index);
  }
  const slots = new Uint32Array(memory, 0, 3 * fields.slots);
  const offsets = new Uint32Array(memory, slots.byteLength, 2 * (texts.length + 1));
  const blob = new Uint8Array(memory, slots.byteLength + offsets.byteLength, fields.blob);
  return { slots: { words: slots, count: fields.slots, longest: fields.longest }, offsets, blob, hasher };
}

function look(index: StringIndex, texts: readonly string[]): number[] {
  const ordinals = new Int32Array(texts.length);
  lookupStrings(index, texts, ordinals);
  return [...ordinals];
}

const stored = [
  ...["a", "ab", "ac", "b", "", "é", "ü", "日本", "\ufeffa", "a\u0000", "\u0000", "a".repeat(5000), "é".repeat(5000)],
  ...["é1", "aé", "ab1", "x\u0080"],
];
const others = [
  // The two bytes of é as letters, and texts that are stored ones but for their end, their start or their length.
  ...["Ã©", "Ã¼", "c", "abc", "a\ufeff", "\ufeff", "\u0000a", "a".repeat(4999), `${"a".repeat(4999)}b`],
  ...[
    "é".repeat(4999),
    `${"é".repeat(4999)}ü`,
    "è",
    "日",
    "本日",
    "é2",
    "bé",
    "aè",
    "ab2",
    "xx\u0080",
    "x\u0081",
    "x1",
  ],
];

it.each([
  ["all hash alike", alike],
  ["their first letter is their hash", byFirst],
])("finds every key and no other where %s", (_, hasher) => {
  const index = indexOf(stored, hasher);
  expect(look(index, stored)).toEqual(stored.map((__, i) => i + 1));
  expect(look(index, others)).toEqual(others.map(() => 0));
  expect(allStrings(index)).toEqual(stored);
});

it("finds every key and no other among any texts that hash alike", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "è", "Ã", "©", "日", "\u0080"), maxLength: 4 });
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 20 }), fc.array(text, { maxLength: 20 }), (texts, more) => {
      const index = indexOf(texts, alike);
      const asked = [...texts, ...more];
      expect(look(index, asked)).toEqual(asked.map((one) => texts.indexOf(one) + 1));
      expect(allStrings(index)).toEqual(texts);
    }),
  );
});

it("compares a key's own bytes, not those of its neighbour, and none above ASCII as a letter", () => {
  expect(look(indexOf(["xb", "ac"], alike), ["ab", "ac", "xb"])).toEqual([0, 2, 1]);
  expect(look(indexOf(["bb", "aé"], alike), ["aÃ©", "aé"])).toEqual([0, 2]);
});

it("looks no further than the longest walk, and stops at an empty slot", () => {
  const index = indexOf(["a", "b", "c"], byFirst);
  const counted = { ...index, slots: { ...index.slots, longest: 1_000_000_000 } };
  expect(look(counted, ["a", "c", "d", "e"])).toEqual([1, 3, 0, 0]);
});

it("hashes texts into word pairs, low half first", () => {
  const words = hashTexts(["x", "y"], { ...alike, text: (text) => (text === "x" ? 5n : (7n << 32n) + 6n) });
  expect([...words]).toEqual([5, 0, 6, 7]);
});

it("has places of strings beyond 4 GB in two words, low half first", () => {
  expect([...offsetsOf([])]).toEqual([0, 0]);
  const [half, all] = [2 ** 31, 2 ** 32];
  expect([...offsetsOf([half, half, 5, 3 * all, 1])]).toEqual([0, 0, half, 0, 0, 1, 5, 1, 5, 4, 6, 4]);
});

it("reads strings that lie beyond 4 GB at their places", () => {
  const read: number[][] = [];
  // Stands for bytes that are not held: says where it was read.
  const blob = Object.assign(new Uint8Array(0), {
    slice(...place: number[]) {
      read.push(place);
      return new Uint8Array(0);
    },
  });
  const all = 2 ** 32;
  const slots = { words: new Uint32Array(12), count: 4, longest: 0 };
  allStrings({ slots, offsets: offsetsOf([all + 3, 4, 2 * all]), blob, hasher: alike });
  expect(read).toEqual([
    [0, all + 3],
    [all + 3, all + 7],
    [all + 7, 3 * all + 7],
  ]);
});
