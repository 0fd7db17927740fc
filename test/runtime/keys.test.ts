// Keys as users bring them: exact or refused, never rounded.
import fc from "fast-check";
import { expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import {
  describe,
  joinKeys,
  type KeyColumn,
  keyText,
  parseKeys,
  pickKeys,
  type RawKeys,
} from "../../runtime/encode/keys.ts";

const texts = (keys: KeyColumn) => Array.from({ length: keys.length }, (_, i) => keyText(keys, i));
const mostKey = 2n ** 63n - 1n;

test("every form of one integer is one key", () => {
  const forms: RawKeys[] = [
    [7, -7],
    [7n, -7n],
    ["7", "-7"],
    BigInt64Array.of(7n, -7n),
    Int32Array.of(7, -7),
    Float64Array.of(7, -7),
    [7, "-7"],
  ];
  for (const form of forms) {
    expect(parseKeys(form, "int64", "x")).toEqual({ type: "int64", length: 2, words: Uint32Array.of(7, 0, -7, -1) });
  }
  expect(texts(parseKeys(Uint32Array.of(2 ** 32 - 1), "int64", "x"))).toEqual(["4294967295"]);
  expect(texts(parseKeys(BigUint64Array.of(mostKey), "int64", "x"))).toEqual([String(mostKey)]);
  expect(texts(parseKeys(Int32Array.of(1, -2, 3, -4, -(2 ** 31)), "int64", "x"))).toEqual([
    ...["1", "-2", "3", "-4", "-2147483648"],
  ]);
  expect(texts(parseKeys(Uint32Array.of(1, 2 ** 31, 3, 2 ** 32 - 1), "int64", "x"))).toEqual([
    ...["1", "2147483648", "3", "4294967295"],
  ]);
});

test("a Float32Array holds no whole number from 2^24 on without a doubt", () => {
  const most = 2 ** 24 - 1;
  expect(texts(parseKeys(Float32Array.of(7, -most), "int64", "x"))).toEqual(["7", String(-most)]);
  expect(texts(parseKeys(Float32Array.of(7, most), "string", "x"))).toEqual(["7", String(most)]);
  for (const type of ["int64", "string"] as const) {
    for (const value of [2 ** 24 + 1, -(2 ** 24), 123_456_789]) {
      expect(() => parseKeys(Float32Array.of(7, value), type, "candidates")).toThrow(
        /^candidates: key 1 is -?\d+: a Float32Array rounds whole numbers above 2\^24: bring the key as a BigInt/,
      );
    }
    expect(() => parseKeys(Float32Array.of(0.5), type, "x")).toThrow("keys are integers or strings");
  }
});

test("64-bit integers survive every way in", () => {
  const any = fc.array(fc.bigInt({ min: -(2n ** 63n), max: mostKey }));
  fc.assert(
    fc.property(any, (values) => {
      const expected = values.map(String);
      expect(texts(parseKeys(values, "int64", "x"))).toEqual(expected);
      expect(texts(parseKeys(expected, "int64", "x"))).toEqual(expected);
      expect(texts(parseKeys(BigInt64Array.from(values), "int64", "x"))).toEqual(expected);
      expect(texts(parseKeys(values, "string", "x"))).toEqual(expected);
      const safe = values.map((value) => Number(value % 2n ** 53n));
      expect(texts(parseKeys(safe, "int64", "x"))).toEqual(safe.map((value) => String(value === 0 ? 0 : value)));
      expect(texts(parseKeys(Float64Array.from(safe), "int64", "x"))).toEqual(
        safe.map((value) => String(value === 0 ? 0 : value)),
      );
    }),
  );
});

test.each<[string, RawKeys, RegExp]>([
  ["a rounded number", [1, 2 ** 53], /^history watched: key 1 is 9007199254740992: a number above 2\^53/],
  ["a rounded number in a typed array", Float64Array.of(2 ** 60), /key 0 is 1152921504606847000: a number above/],
  ["a fraction", [1.5], /key 0 is 1.5: keys are integers or strings/],
  ["NaN", Float64Array.of(Number.NaN), /key 0 is NaN/],
  ["2^63", [2n ** 63n], /key 0 is 9223372036854775808: it does not fit into a signed 64-bit/],
  ["2^63 as text", ["9223372036854775808"], /does not fit/],
  ["a very long text", ["9".repeat(1000)], /does not fit/],
  ["2^63 unsigned", BigUint64Array.of(0n, 2n ** 63n), /key 1 is 9223372036854775808/],
  ["2^63 unsigned behind others", BigUint64Array.of(0n, 1n, 2n, 3n, 2n ** 63n), /key 4 is 9223372036854775808/],
  ["a word", ["abc"], /key 0 is "abc": integer keys are written with digits only/],
  ["leading zeros", ["007"], /key 0 is "007"/],
  ["minus zero", ["-0"], /key 0 is "-0"/],
  ["no key", [1, null as never], /key 1 is missing/],
  ["a list", [[1] as never], /key 0 is a list of 1/],
  ["no array", "12" as never, /^history watched: keys must be an array, not "12"/],
  ["an object", {} as never, /keys must be an array, not an object/],
])("refuses %s", (_, values, message) => {
  expect(() => parseKeys(values, "int64", "history watched")).toThrow(message);
  expect(() => parseKeys(values, "int64", "history watched")).toThrow(TwinError);
});

test("string keys take texts and exact integers", () => {
  expect(texts(parseKeys(["a", 5, 7n, ""], "string", "x"))).toEqual(["a", "5", "7", ""]);
  expect(() => parseKeys([true as never], "string", "x")).toThrow(/key 0 is true: strings are due/);
  expect(() => parseKeys([2 ** 53], "string", "x")).toThrow(/above 2\^53/);
});

test("columns join and pick", () => {
  const a = parseKeys([1, -2], "int64", "x");
  const b = parseKeys(["9007199254740993"], "int64", "x");
  const joined = joinKeys([a, b], "int64");
  expect(texts(joined)).toEqual(["1", "-2", "9007199254740993"]);
  expect(texts(pickKeys(joined, Int32Array.of(2, 0, 2)))).toEqual(["9007199254740993", "1", "9007199254740993"]);
  const words = joinKeys([parseKeys(["a"], "string", "x"), parseKeys(["b", "c"], "string", "x")], "string");
  expect(texts(pickKeys(words, Int32Array.of(2, 1)))).toEqual(["c", "b"]);
  expect(() => joinKeys([words, joined], "string")).toThrow("integer keys cannot be joined to texts");
  expect(() => joinKeys([joined, words], "int64")).toThrow("texts cannot be joined to integer keys");
  expect(joinKeys([], "string")).toEqual({ type: "string", length: 0, texts: [] });
});

test("errors show a value on one line, and a long text by its first 40 letters", () => {
  const exactly = "x".repeat(40);
  const shown: [unknown, string][] = [
    [exactly, `"${exactly}"`],
    [`${exactly}y`, `"${exactly}…"`],
    ["a\nb", '"a\\nb"'],
    [Float32Array.of(1), "a Float32Array"],
    [[1, 2], "a list of 2"],
    [undefined, "missing"],
    [null, "missing"],
    [{}, "an object"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
    [5n, "5"],
    [-0.5, "-0.5"],
    [true, "true"],
  ];
  for (const [value, text] of shown) {
    expect(describe(value)).toBe(text);
  }
});
