// Every feature kind: what a raw value becomes, what is missing, what is refused and how.
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Encoder } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { elapsedBuckets } from "../../runtime/encode/buckets.ts";
import { encodeColumn, encodedShape, missing } from "../../runtime/encode/column.ts";
import type { EncodeContext } from "../../runtime/encode/context.ts";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import { Vocabulary } from "../../runtime/encode/vocabulary.ts";

let hash: Hasher;
beforeAll(async () => {
  hash = await hasher();
});

function feature(encoder: Encoder): FeatureSpec {
  return {
    name: "item.f",
    group: "item",
    column: "f",
    formerly: null,
    key: false,
    encoder:
      encoder.kind === "bucketed" || encoder.kind === "elapsed" ? { ...encoder, edges: [...encoder.edges] } : encoder,
    dtype: encoder.kind === "number" || encoder.kind === "pretrained" ? "float32" : "int32",
    shape: [],
    embedding: null,
    vocabulary: "item.f",
  };
}
const words = Vocabulary.of("item.f", ["Drama", "5", "9007199254740993"]);
function encode(encoder: Encoder, values: RawColumn | undefined, rows?: number, more: Partial<EncodeContext> = {}) {
  const context = { hasher: hash, vocabulary: () => words, where: "history watched", ...more };
  return [...encodeColumn(feature(encoder), values, rows ?? values!.length, context)];
}

const id: Encoder = { kind: "id", vocab: 10 };
const vocabulary: Encoder = { kind: "vocabulary", max: 10, minCount: 1 };
const hashed: Encoder = { kind: "hashed", buckets: 1_000_000 };
const bucketed: Encoder = { kind: "bucketed", edges: [0.1, 0.5, 0.9] };
const elapsed: Encoder = { kind: "elapsed", edges: [60, 3600], unit: "seconds" };
const flag: Encoder = { kind: "flag" };
const tags: Encoder = { kind: "tags", of: { kind: "id", vocab: 10 }, max: 3 };
const pretrained: Encoder = { kind: "pretrained", size: 2 };
const number: Encoder = { kind: "number", scale: "none" };

test("id: value + 1; missing and out of range are row 0", () => {
  expect(encode(id, [0, 9, 10, -1, null, undefined, Number.NaN, 3n])).toEqual([1, 10, 0, 0, 0, 0, 0, 4]);
  expect(encode(id, Int32Array.of(0, 9, 10, -1))).toEqual([1, 10, 0, 0]);
  expect(encode(id, BigInt64Array.of(0n, 9n, 10n, -1n, 2n ** 40n))).toEqual([1, 10, 0, 0, 0]);
  expect(encode(id, Float64Array.of(0, 9, Number.NaN, 1e300))).toEqual([1, 10, 0, 0]);
  // Far below 0 as well, rounded or not.
  expect(encode(id, [-5, -(2 ** 60), -5n])).toEqual([0, 0, 0]);
  expect(encode(id, Int32Array.of(-5, 3))).toEqual([0, 4]);
});

test("vocabulary: its row; integers and texts agree", () => {
  const row3 = 9007199254740993n;
  expect(encode(vocabulary, ["Drama", "5", 5, 5n, "Comedy", null, row3, "9007199254740993"])).toEqual([
    1, 2, 2, 2, 0, 0, 3, 3,
  ]);
  expect(encode(vocabulary, BigInt64Array.of(5n, row3, -5n))).toEqual([2, 3, 0]);
  expect(encode(vocabulary, BigUint64Array.of(5n, row3))).toEqual([2, 3]);
  expect(encode(vocabulary, Int32Array.of(5, -5))).toEqual([2, 0]);
  const signs = Vocabulary.of("item.f", ["0", "-5", "4294967291", "-4294967296", "9007199254740993"]);
  const named = { vocabulary: (name: string) => (name === "item.f" ? signs : words) };
  expect(encode(vocabulary, Int32Array.of(0, -5, 5, -6), 4, named)).toEqual([1, 2, 0, 0]);
  expect(encode(vocabulary, Uint32Array.of(0, 4294967291), 2, named)).toEqual([1, 3]);
  const wide = [5n, 0n, -4294967296n, 4294967291n, -5n, 9007199254740993n];
  expect(encode(vocabulary, BigInt64Array.from(wide), 6, named)).toEqual([0, 1, 4, 3, 2, 5]);
  expect(encode(vocabulary, wide, 6, named)).toEqual([0, 1, 4, 3, 2, 5]);
});

test("a feature has the vocabulary that it names, or its own", () => {
  const of = (name: string | null) => {
    const asked: string[] = [];
    const ask = (one: string) => {
      asked.push(one);
      return words;
    };
    encodeColumn({ ...feature(vocabulary), vocabulary: name }, ["5"], 1, {
      ...{ hasher: hash, where: "x", vocabulary: ask },
    });
    return asked;
  };
  expect([of("item.other"), of(null)]).toEqual([["item.other"], ["item.f"]]);
});

test("two hashes: two rows a value, by the seeds 0 and 1; 0, 0 is missing", () => {
  const twice: Encoder = { ...hashed, hashes: 2 };
  const [video, five, less] = [
    [415222, 622034],
    [74158, 311969],
    [367129, 892157],
  ];
  expect(encode(twice, ["video", "5", 5, 5n, null, Number.NaN, -1])).toEqual(
    [video, five, five, five, [0, 0], [0, 0], less].flat(),
  );
  expect(encode(twice, BigInt64Array.of(5n, -1n, 9223372036854775807n))).toEqual([...five, ...less, 519732, 668185]);
  expect(encode(twice, Int32Array.of(5, -1))).toEqual([...five, ...less]);
  expect(encode(twice, undefined, 2)).toEqual([0, 0, 0, 0]);
  expect(encodedShape(feature(twice), 3)).toEqual([3, 2]);
  expect(() => encode(twice, [true])).toThrow(TwinError);
});

test("hashed: integers hash as decimal text; golden rows", () => {
  expect(encode(hashed, ["video", "Zürich", "5", 5, 5n, null, "-1", -1])).toEqual([
    415222, 978234, 74158, 74158, 74158, 0, 367129, 367129,
  ]);
  expect(encode(hashed, BigInt64Array.of(5n, -1n, 9223372036854775807n))).toEqual([74158, 367129, 519732]);
  expect(encode(hashed, Int32Array.of(5, -1))).toEqual([74158, 367129]);
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.array(any), fc.integer({ min: 1, max: 2 ** 31 - 2 }), (values, buckets) => {
      const by: Encoder = { kind: "hashed", buckets };
      const rows = encode(by, values.map(String));
      expect(encode(by, BigInt64Array.from(values))).toEqual(rows);
      expect(encode(by, values)).toEqual(rows);
      expect(rows.every((row) => row >= 1 && row <= buckets)).toBe(true);
    }),
  );
  // About the last whole numbers that a float64 holds, and about words of 32 bits.
  const edges = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 2n ** 32n].flatMap((edge) =>
    [-1n, 0n, 1n].flatMap((step) => [edge + step, -edge - step]),
  );
  expect(encode(hashed, BigInt64Array.from(edges))).toEqual(encode(hashed, edges.map(String)));
});

test("bucketed: 1 + edges reached; NaN and missing are 0", () => {
  const rows = [0, 1, 1, 2, 2, 4, 4, 1];
  expect(encode(bucketed, [Number.NaN, -1, 0.0999, 0.1, 0.4999, 0.9, 1n, Number.NEGATIVE_INFINITY])).toEqual(rows);
  expect(encode(bucketed, Float64Array.of(Number.NaN, 0.1, 0.9))).toEqual([0, 2, 4]);
  expect(encode(bucketed, Float32Array.of(0.1, 0.9, 0.5, 0.8999))).toEqual([2, 4, 3, 3]);
  expect(encode(bucketed, [null, undefined])).toEqual([0, 0]);
  // A BigInt is the float64 nearest to it, in a typed array as in a list.
  const far: Encoder = { kind: "bucketed", edges: [2 ** 53 + 4] };
  const near = [2n ** 53n + 3n, 2n ** 53n + 1n];
  expect([encode(far, near), encode(far, BigInt64Array.from(near)), encode(far, BigUint64Array.from(near))]).toEqual(
    Array(3).fill([2, 1]),
  );
  const edges = Array.from({ length: 40 }, (_, i) => i * 3);
  fc.assert(
    fc.property(fc.array(fc.double({ min: -10, max: 130, noNaN: true })), (values) => {
      const expected = values.map((value) => 1 + edges.filter((edge) => edge <= value).length);
      expect(encode({ kind: "bucketed", edges }, Float64Array.from(values))).toEqual(expected);
    }),
  );
});

test("elapsed: request time minus behaviour time; negative and missing are 0", () => {
  const times = Float64Array.of(1000, 940, 939.5, 1001, Number.NaN, -5000);
  expect(encode(elapsed, undefined, 6, { now: 1000, times })).toEqual([1, 2, 2, 0, 0, 3]);
  // On an edge the interval above it begins, in training's batches as at serving.
  for (const passed of [0, 59.999, 60, 3599.999, 3600, 3601]) {
    const into = new Int32Array(3);
    elapsedBuckets(into, 1, Float64Array.of(1e9 - passed), 1, 1e9, [60, 3600]);
    const due = passed < 60 ? 1 : passed < 3600 ? 2 : 3;
    expect([...into], String(passed)).toEqual([0, due, 0]);
    expect(encode(elapsed, undefined, 1, { now: 1e9, times: Float64Array.of(1e9 - passed) })).toEqual([due]);
  }
  const now = Float64Array.of(1000, 1000, 1000, 1001, 0, 0);
  expect(encode(elapsed, undefined, 6, { now, times })).toEqual([1, 2, 2, 1, 0, 3]);
});

test("flags, numbers, tags and vectors", () => {
  expect(encode(flag, [true, false, null, 1, 0, 1n, 0n, undefined, Number.NaN])).toEqual([2, 1, 0, 2, 1, 2, 1, 0, 0]);
  expect(encode(flag, Uint8Array.of(1, 0))).toEqual([2, 1]);
  expect(encode(number, [1.5, null, Number.NaN, -2n])).toEqual([1.5, 0, 0, -2]);
  const standard: Encoder = { kind: "number", scale: "standard", mean: 3, deviation: 2 };
  expect(encode(standard, [3, 7, -1, null, 4n])).toEqual([0, 2, -2, 0, 0.5]);
  // What was always the same says nothing; before it is learned a value stays what it is.
  expect(encode({ ...standard, deviation: 0 }, [3, 9, -4])).toEqual([0, 0, 0]);
  expect(encode({ kind: "number", scale: "standard" }, [3, 9])).toEqual([3, 9]);
  expect(encode({ kind: "number", scale: "standard", mean: 3 }, [3, 9])).toEqual([3, 9]);
  expect(encode({ kind: "number", scale: "standard", deviation: 2 }, [3, 9])).toEqual([3, 9]);
  expect(() => encode({ ...standard, deviation: 0 }, [Number.POSITIVE_INFINITY])).toThrow(/Infinity where a finite/);
  expect(encode({ kind: "number", scale: "log" }, [Math.E - 1, 1 - Math.E, 0])).toEqual([1, -1, 0]);
  expect(encode(tags, [[1, 2], null, [], [9, 10, 3, 4], [null, 5] as never, Int32Array.of(7)])).toEqual([
    2, 3, -1, -1, -1, -1, -1, -1, -1, 10, 0, 4, 6, -1, -1, 8, -1, -1,
  ]);
  // What is beyond the first `max` does not reach the next list.
  expect(encode(tags, [[1, 2, 3, 4, 5], null, undefined as never])).toEqual([2, 3, 4, -1, -1, -1, -1, -1, -1]);
  // Missing entries take no place of the first `max`.
  expect(encode(tags, [[null, 1, undefined, 2, Number.NaN, 3, 4] as never])).toEqual([2, 3, 4]);
  const named: Encoder = { kind: "tags", of: { kind: "vocabulary", max: 10, minCount: 1 }, max: 2 };
  expect(encode(named, [["Drama", "Nothing"], ["5"]])).toEqual([1, 0, 2, -1]);
  expect(encode(pretrained, [[1, 2], null, Float32Array.of(3, 4)])).toEqual([1, 2, 0, 0, 3, 4]);
  expect(encode(pretrained, Float32Array.of(1, 2, 3, 4), 2)).toEqual([1, 2, 3, 4]);
  expect(encode(pretrained, [[1, 2], [3, 4], undefined as never, [5, 6]])).toEqual([1, 2, 3, 4, 0, 0, 5, 6]);
});

test("a column that is not there is missing", () => {
  expect(encode(id, undefined, 2)).toEqual([0, 0]);
  expect(encode(tags, undefined, 1)).toEqual([-1, -1, -1]);
  expect(encode(pretrained, undefined, 1)).toEqual([0, 0]);
  expect(missing(feature(number), 2)).toEqual(new Float32Array(2));
  expect(missing(feature(pretrained), 2)).toEqual(new Float32Array(4));
  expect(missing(feature(tags), 1)).toEqual(Int32Array.of(-1, -1, -1));
  expect(encodedShape(feature(tags), 5)).toEqual([5, 3]);
  expect(encodedShape(feature(pretrained), 5)).toEqual([5, 2]);
  expect(encodedShape(feature(id), 5)).toEqual([5]);
});

const at = (index: number, value: string, expected: string) =>
  `history watched: feature item.f, index ${index}: ${value} where ${expected} is due`;
test.each<[string, Encoder, RawColumn, string, number?]>([
  ["a text for a number", bucketed, [1, "12"], at(1, '"12"', "a number")],
  ["a boolean for a number", number, [true], at(0, "true", "a number")],
  ["infinity", number, [Number.POSITIVE_INFINITY], at(0, "Infinity", "a finite number within the range of float32")],
  ["a float32 overflow", number, Float64Array.of(1e39), at(0, "1e+39", "a finite number within the range of float32")],
  ["a float for an id", id, [2.5], at(0, "2.5", "an integer")],
  ["a float column for an id", id, Float64Array.of(1, 2.5), at(1, "2.5", "an integer")],
  ["a text for an id", id, ["2"], at(0, '"2"', "an integer")],
  ["a float for a hash", hashed, [0.5], at(0, "0.5", "a text or an integer")],
  [
    "a rounded integer",
    hashed,
    [2 ** 53],
    at(0, "9007199254740992", "a BigInt or a decimal text (above 2^53 − 1 a number has been rounded)"),
  ],
  [
    "a rounded integer",
    vocabulary,
    Float64Array.of(2 ** 60),
    at(0, "1152921504606847000", "a BigInt or a decimal text (above 2^53 − 1 a number has been rounded)"),
  ],
  ["a boolean for a vocabulary", vocabulary, [true], at(0, "true", "a text or an integer")],
  ["a list for a scalar", id, [[1]], at(0, "a list of 1", "an integer")],
  ["2 for a flag", flag, [true, 2], at(1, "2", "true or false")],
  ["a text for a flag", flag, ["true"], at(0, '"true"', "true or false")],
  ["a scalar for tags", tags, ["Drama"], at(0, '"Drama"', "a list of tags")],
  ["a wrong tag", tags, [[1], [1, "x"]], at(1, '"x"', "an integer")],
  ["a text as long as a vector", pretrained, ["12"], at(0, '"12"', "a vector of 2 floats")],
  ["a short vector", pretrained, [[1, 2], [1]], at(1, "a list of 1", "a vector of 2 floats")],
  ["NaN in a vector", pretrained, [[1, Number.NaN]], at(0, "NaN", "in its place 1 a finite float32")],
  [
    "NaN in flat vectors",
    pretrained,
    Float32Array.of(1, 2, 3, Number.NaN),
    at(1, "NaN", "in its place 1 a finite float32"),
    2,
  ],
  ["a text in a vector", pretrained, [[1, "2"]], at(0, '"2"', "in its place 1 a number")],
])("refuses %s", (_, encoder, values, message, rows) => {
  expect(() => encode(encoder, values, rows)).toThrow(new TwinError(message));
});

test("refuses columns of a wrong form", () => {
  expect(() => encode(id, [1, 2], 3)).toThrow(/feature item.f has 2 values where 3 are due/);
  expect(() => encode(id, 5 as never, 1)).toThrow(/must be a column \(an array\), not 5/);
  expect(() => encode(pretrained, Float32Array.of(1, 2, 3), 2)).toThrow(/3 values where 2 vectors of 2 floats are due/);
  expect(() => encode(elapsed, [1], 1)).toThrow(/leave its column out/);
  expect(() => encode(id, Int32Array.of(1, 2), 3)).toThrow(/feature item.f has 2 values where 3 are due/);
  expect(() => encode(elapsed, undefined, 1, { now: 5 })).toThrow(/needs the time of each behaviour/);
  const times = Float64Array.of(1, 2);
  expect(() => encode(elapsed, undefined, 2, { times })).toThrow(/needs the time of the request/);
  expect(() => encode(elapsed, undefined, 3, { now: 5, times })).toThrow(/has 3 rows and 2 times/);
  expect(() => encode(elapsed, undefined, 2, { now: Float64Array.of(5), times })).toThrow(/has 2 rows and 2 times/);
  expect(() => encode({ kind: "key", type: "int64" }, [1])).toThrow(/is a key/);
});

test("ids in a Float32Array are refused where it rounds", () => {
  const big = Float32Array.of(3, 2 ** 24 + 1);
  const hashed: Encoder = { kind: "hashed", buckets: 100 };
  const vocabulary: Encoder = { kind: "vocabulary", max: 10, minCount: 1 };
  const wide: Encoder = { kind: "id", vocab: 2 ** 25 };
  for (const encoder of [hashed, vocabulary, wide]) {
    expect(() => encode(encoder, big)).toThrow(
      /index 1: 16777216 where a BigInt or a decimal text \(above 2\^24 a Float32Array rounds\)/,
    );
  }
  expect(() => encode({ kind: "tags", of: hashed, max: 3 }, [[1], big])).toThrow(/index 1: 16777216 where a BigInt/);
  // The last row of a vocabulary of this size is 2^24 + 3, which the array rounds to the size itself.
  expect(() => encode({ kind: "id", vocab: 2 ** 24 + 4 }, Float32Array.of(2 ** 24 + 3))).toThrow(
    /a Float32Array rounds/,
  );
  // Beyond the vocabulary an id is unknown, rounded or not.
  expect(encode({ kind: "id", vocab: 10 }, big)).toEqual([4, 0]);
  expect(encode(hashed, Float32Array.of(3, 2 ** 24 - 1))).toEqual(encode(hashed, [3, 2 ** 24 - 1]));
});
