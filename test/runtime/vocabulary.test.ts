// Vocabularies: integers and their decimal texts agree, and no damaged file is taken.
import fc from "fast-check";
import { expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { Vocabulary, vocabularyText } from "../../runtime/encode/vocabulary.ts";

test("integers and their texts have one row, other texts their own", () => {
  const entries = ["Drama", "5", "-7", "9223372036854775807", "05", "", "line\nbreak", "12345678901234567890"];
  const vocabulary = Vocabulary.parse(vocabularyText("item.genre", entries), "v");
  expect(vocabulary.feature).toBe("item.genre");
  expect(vocabulary.size).toBe(8);
  expect(vocabulary.entries).toEqual(entries);
  entries.forEach((entry, i) => {
    expect(vocabulary.row(entry)).toBe(i + 1);
  });
  expect([vocabulary.row(5), vocabulary.row(5n), vocabulary.row(-7), vocabulary.integerRow(5, 0)]).toEqual([
    2, 2, 3, 2,
  ]);
  expect(vocabulary.row(9223372036854775807n)).toBe(4);
  expect(vocabulary.row(12345678901234567890n)).toBe(8);
  expect([vocabulary.row("Comedy"), vocabulary.row(6), vocabulary.row(-5), vocabulary.row(2n ** 64n + 5n)]).toEqual([
    0, 0, 0, 0,
  ]);
});

test("64 bits of integer are integers, and more are texts", () => {
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  const unnamed = Vocabulary.of("f", []);
  expect([unnamed.row("a"), unnamed.row(1), unnamed.row(2n)]).toEqual([0, 0, 0]);
  const entries = [least, most, most + 1n, least - 1n, 9999999999999999999n, 0n].map(String);
  const vocabulary = Vocabulary.of("f", entries);
  entries.forEach((entry, i) => {
    expect([vocabulary.row(entry), vocabulary.row(BigInt(entry))], entry).toEqual([i + 1, i + 1]);
  });
  expect([vocabulary.integerRow(0, 0x80000000), vocabulary.integerRow(-1, 0x7fffffff)]).toEqual([1, 2]);
  expect([vocabulary.row(0), vocabulary.row(-0)]).toEqual([6, 6]);
});

test("any entries read back to their rows", () => {
  const entry = fc.oneof(fc.string({ unit: "binary" }), fc.bigInt().map(String), fc.integer().map(String));
  fc.assert(
    fc.property(fc.uniqueArray(entry), (entries) => {
      const vocabulary = Vocabulary.parse(vocabularyText("f", entries), "v");
      expect(entries.map((text) => vocabulary.row(text))).toEqual(entries.map((_, i) => i + 1));
    }),
  );
});

const sound = vocabularyText("f", ["a", "5", "bc"]);
test.each([
  ["an empty file", "", /not a vocabulary of Twin/],
  ["a foreign file", "a,b\n1,2\n", /not a vocabulary of Twin/],
  [
    "a newer format",
    sound.replace('"format":1', '"format":2'),
    /has format 2, and this version of Twin reads format 1/,
  ],
  ["nothing that has a format", "null\n", /not a vocabulary of Twin/],
  ["no feature", sound.replace('"feature":"f"', '"feature":5'), /`feature` must be a text/],
  ["no count", sound.replace('"entries":3', '"entries":"3"'), /`entries` a count/],
  ["a line too few", sound.replace('"bc"\n', ""), /promises 3 entries and has 2: it is truncated/],
  ["a line cut", sound.slice(0, -3), /line 4: a JSON string is due/],
  ["a bare number", sound.replace('"5"', "5"), /line 3: a JSON string/],
  ["a text twice", vocabularyText("f", ["a", "b", "a"]), /the entry "a" comes twice/],
  ["an integer twice", vocabularyText("f", ["7", "b", "7"]), /the entry "7" comes twice/],
])("refuses %s", (_, text, message) => {
  expect(() => Vocabulary.parse(text, "vocabularies/f.jsonl")).toThrow(message);
});

test("every truncation but that of the last line break is refused", () => {
  for (let length = 0; length < sound.length - 1; length++) {
    expect(() => Vocabulary.parse(sound.slice(0, length), "v"), String(length)).toThrow(TwinError);
  }
  expect(Vocabulary.parse(sound.slice(0, -1), "v").size).toBe(3);
});

test("random text is refused or read, never another error", () => {
  const edit = fc.tuple(fc.nat(sound.length - 1), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 4 }), fc.string(), (edits, tail) => {
      let text = sound;
      for (const [at, piece] of edits) {
        text = text.slice(0, at) + piece + text.slice(at + 1);
      }
      try {
        expect(Vocabulary.parse(text + tail, "v").size).toBe(3);
      } catch (error) {
        expect(error).toBeInstanceOf(TwinError);
      }
    }),
    { numRuns: 500 },
  );
});
