// Columns of requests and of files: their order by time, rows put in another order, pieces cut out and joined.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asGiven, isColumn, isRecord, newestFirst, onlyKnown, reorder } from "../../runtime/encode/columns.ts";
import {
  columnLength,
  doubles,
  ints,
  joinColumns,
  keysOf,
  numbersOf,
  numbersOrNulls,
  sliceColumn,
  takeRows,
  valueAt,
} from "../../runtime/encode/data-column.ts";

describe("the newest first", () => {
  const byDefinition = (times: readonly number[], max: number) =>
    times
      .map((time, i) => ({ time, i }))
      .sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : a.i - b.i))
      .slice(0, max)
      .map(({ i }) => i);

  it.each<[string, fc.Arbitrary<number>]>([
    ["whole seconds, many of them equal", fc.integer({ min: -3, max: 3 })],
    ["seconds of a year", fc.integer({ min: 1_700_000_000, max: 1_731_000_000 })],
    ["fractions of a second", fc.integer({ min: -9, max: 9 }).map((x) => x / 4)],
    ["whole and fractional ones", fc.constantFrom(1, 1.5, 2, 2.5, 1e9, 1e9 + 0.5)],
    ["wider than a position fits beside them", fc.constantFrom(-(2 ** 52), -1, 0, 1, 2, 2 ** 52, 2 ** 52 - 1)],
  ])("is a stable order, cut to what is kept: %s", (_, time) => {
    fc.assert(
      fc.property(fc.array(time, { maxLength: 40 }), fc.integer({ min: 0, max: 50 }), (times, max) => {
        expect([...newestFirst(Float64Array.from(times), max)]).toEqual(byDefinition(times, max));
        const descending = [...times].sort((a, b) => b - a);
        expect([...newestFirst(Float64Array.from(descending), max)]).toEqual(byDefinition(descending, max));
      }),
    );
  });

  it("by a number of time and place only where that is exact", () => {
    // Three times as much is just beyond 2^53.
    const wide = 3_002_399_751_580_331;
    expect([...newestFirst(Float64Array.of(0, wide, wide - 5), 3)]).toEqual([1, 2, 0]);
    expect([...newestFirst(Float64Array.of(0, wide - 1, wide - 5), 3)]).toEqual([1, 2, 0]);
  });

  it("as they are given", () => {
    expect(asGiven(3)).toEqual(Int32Array.of(0, 1, 2));
  });
});

it("rows in another order are padded to the length that is due", () => {
  const order = Int32Array.of(2, 0);
  expect(reorder(Int32Array.of(7, 8, 9), 1, order, 4, 0)).toEqual(Int32Array.of(9, 7, 0, 0));
  expect(reorder(Int32Array.of(7, 8, 9), 1, order, 4, -1)).toEqual(Int32Array.of(9, 7, -1, -1));
  // What is unknown is 0 in every column of numbers.
  expect(reorder(Float32Array.of(7, 8, 9), 1, order, 4, 0)).toEqual(Float32Array.of(9, 7, 0, 0));
  expect(reorder(Float32Array.of(1, 2, 3, 4, 5, 6), 2, Int32Array.of(0, 1), 4, 0)).toEqual(
    Float32Array.of(1, 2, 3, 4, 0, 0, 0, 0),
  );
  const tags = Int32Array.of(1, 2, 3, 4, 5, 6);
  expect(reorder(tags, 2, order, 3, -1)).toEqual(Int32Array.of(5, 6, 1, 2, -1, -1));
  expect(reorder(Float32Array.from(tags), 3, Int32Array.of(1, 0, 1), 3, 0)).toEqual(
    Float32Array.of(4, 5, 6, 1, 2, 3, 4, 5, 6),
  );
});

it("a column is an array or a typed array, and a record is neither", () => {
  const columns = [[], [1], Float32Array.of(1), new BigInt64Array(1)];
  const others = [new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), "text", 5, undefined, null, () => 1];
  expect(columns.map(isColumn)).toEqual(columns.map(() => true));
  expect([...others, {}].map(isColumn)).toEqual([...others, {}].map(() => false));
  expect([{}, { length: 1 }, Object.create(null)].map(isRecord)).toEqual([true, true, true]);
  expect([...columns, "text", 5, undefined, null, () => 1].map(isRecord)).toEqual(
    [...columns, 1, 2, 3, 4, 5].map(() => false),
  );
});

it("a column that the model does not have is named, with the one that may be meant", () => {
  expect(() => onlyKnown({ genre: [], time: [] }, ["time", "genre"], "history")).not.toThrow();
  expect(() => onlyKnown({ time: [], genres: [] }, ["time", "genre"], "history")).toThrow(
    /^history has no column `genres`.*`genre`/,
  );
});

describe("columns of files", () => {
  const list = ["a", null, "c", "d"];
  it("are cut: typed ones share their memory", () => {
    const typed = Float64Array.of(1, 2, 3, 4);
    const cut = sliceColumn(typed, 1, 3);
    expect(cut).toEqual(Float64Array.of(2, 3));
    expect(cut.buffer).toBe(typed.buffer);
    expect(sliceColumn(list, 1, 3)).toEqual([null, "c"]);
  });
  it("have their length and their values", () => {
    expect([columnLength(list), columnLength(Float64Array.of(1, 2)), valueAt(list, 1), valueAt(list, 2)]).toEqual([
      ...[4, 2],
      ...[null, "c"],
    ]);
    expect(valueAt(BigInt64Array.of(5n), 0)).toBe(5n);
  });
  it("are taken for numbers where all of them are, and as the same column", () => {
    const [numbers, nulls, wide] = [[1, 2.5], [1, null], BigInt64Array.of(1n)];
    for (const column of [numbers, Float32Array.of(1), Int32Array.of(1), []]) {
      expect(numbersOf(column)).toBe(column);
      expect(numbersOrNulls(column)).toBe(column);
    }
    expect(numbersOrNulls(nulls)).toBe(nulls);
    for (const column of [wide, BigUint64Array.of(1n)]) {
      expect(() => numbersOf(column)).toThrow("its integers are 64 bits wide");
      expect(() => numbersOrNulls(column)).toThrow("its integers are 64 bits wide");
    }
    for (const column of [nulls, ["1"], [1, "2"], [1n], [true]]) {
      expect(() => numbersOf(column)).toThrow("holds something else");
    }
    for (const column of [[null, "1"], [1, true, null], [1n]]) {
      expect(() => numbersOrNulls(column)).toThrow("holds something else");
    }
  });
  it("are taken for keys where all are 64-bit integers, texts or missing, and as the same column", () => {
    for (const column of [BigInt64Array.of(1n), [1n, null], ["a", "", null], [null], [2n, "x"]]) {
      expect(keysOf(column)).toBe(column);
    }
    for (const column of [Int32Array.of(1), Float64Array.of(1), [1], ["a", 5], [1n, true], BigUint64Array.of(1n)]) {
      expect(() => keysOf(column)).toThrow("a column of keys is due");
    }
  });
  it("become float64 or int32, themselves where they are", () => {
    const [double, int] = [Float64Array.of(0.5), Int32Array.of(3)];
    expect([doubles(double), ints(int)]).toEqual([double, int]);
    expect(doubles(double)).toBe(double);
    expect(ints(int)).toBe(int);
    expect(doubles([1.5, null, true, 2n])).toEqual(Float64Array.of(1.5, 0, 1, 2));
    expect(ints([true, false, null, 7n])).toEqual(Int32Array.of(1, 0, 0, 7));
    expect([doubles(int), ints(BigInt64Array.of(-4n))]).toEqual([Float64Array.of(3), Int32Array.of(-4)]);
  });
  it("give the rows that are asked for, in that order", () => {
    expect(takeRows(BigInt64Array.of(5n, 6n, 7n), [2, 0, 2])).toEqual(BigInt64Array.of(7n, 5n, 7n));
    expect(takeRows(BigUint64Array.of(5n, 2n ** 64n - 1n), [1])).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    expect(takeRows(Float64Array.of(0.5, 1.5, 2.5), [2, 1])).toEqual(Float64Array.of(2.5, 1.5));
    expect(takeRows(list, Uint32Array.of(3, 1))).toEqual(["d", null]);
    expect(takeRows(Int32Array.of(1), [])).toEqual(new Int32Array());
  });
  it("are joined: of one type stay so, others become a list", () => {
    const one = Int32Array.of(1, 2);
    expect(joinColumns([])).toEqual([]);
    expect(joinColumns([one])).toBe(one);
    expect(joinColumns([one, Int32Array.of(3), Int32Array.of(4, 5)])).toEqual(Int32Array.of(1, 2, 3, 4, 5));
    expect(joinColumns([one, Float64Array.of(0.5)])).toEqual([1, 2, 0.5]);
    expect(joinColumns([BigInt64Array.of(1n).subarray(0), BigInt64Array.of(7n, -2n).subarray(1)])).toEqual(
      BigInt64Array.of(1n, -2n),
    );
    expect(joinColumns([one, [null, "x"]])).toEqual([1, 2, null, "x"]);
    expect(joinColumns([["x"], one])).toEqual(["x", 1, 2]);
    expect(joinColumns([["x"], [null]])).toEqual(["x", null]);
  });
});
