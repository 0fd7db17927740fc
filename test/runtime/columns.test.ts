// Columns of requests and of files: their order by time, rows put in another order, pieces cut out and joined.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asGiven, isColumn, isRecord, newestFirst, onlyKnown, reorder } from "../../runtime/encode/columns.ts";
import { joinColumns, sliceColumn, takeRows } from "../../runtime/encode/data-column.ts";

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

  it("as they are given", () => {
    expect(asGiven(3)).toEqual(Int32Array.of(0, 1, 2));
  });
});

it("rows in another order are padded to the length that is due", () => {
  const order = Int32Array.of(2, 0);
  expect(reorder(Int32Array.of(7, 8, 9), 1, order, 4, 0)).toEqual(Int32Array.of(9, 7, 0, 0));
  expect(reorder(Int32Array.of(7, 8, 9), 1, order, 4, -1)).toEqual(Int32Array.of(9, 7, -1, -1));
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
  it("give the rows that are asked for, in that order", () => {
    expect(takeRows(BigInt64Array.of(5n, 6n, 7n), [2, 0, 2])).toEqual(BigInt64Array.of(7n, 5n, 7n));
    expect(takeRows(list, Uint32Array.of(3, 1))).toEqual(["d", null]);
    expect(takeRows(Int32Array.of(1), [])).toEqual(new Int32Array());
  });
  it("are joined: of one type stay so, others become a list", () => {
    const one = Int32Array.of(1, 2);
    expect(joinColumns([])).toEqual([]);
    expect(joinColumns([one])).toBe(one);
    expect(joinColumns([one, Int32Array.of(3), Int32Array.of(4, 5)])).toEqual(Int32Array.of(1, 2, 3, 4, 5));
    expect(joinColumns([one, Float64Array.of(0.5)])).toEqual([1, 2, 0.5]);
    expect(joinColumns([one, [null, "x"]])).toEqual([1, 2, null, "x"]);
    expect(joinColumns([["x"], one])).toEqual(["x", 1, 2]);
    expect(joinColumns([["x"], [null]])).toEqual(["x", null]);
  });
});
