// How far the behaviour before stands, and what passed since: against loops over all behaviours.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EqualBefore, gapBuckets } from "../../../runtime/stats/gaps.ts";
import { long } from "../../kit/effort.ts";

const numRuns = long ? 5000 : 300;

/** Whether two values are equal and known, by the definition. */
function equal(a: readonly number[], b: readonly number[], tags: boolean): boolean {
  if (tags) {
    return a.some((tag) => tag > 0 && b.includes(tag));
  }
  return a.some((row) => row > 0) && a.every((row, i) => row === b[i]);
}

describe("the behaviour before with an equal value", () => {
  it.each([
    { width: 1, tags: false, least: 0 },
    { width: 2, tags: false, least: 0 },
    { width: 1, tags: true, least: -1 },
    { width: 4, tags: true, least: -1 },
  ])("is the next older one that loops find: %o", ({ width, tags, least }) => {
    const value = fc.array(fc.integer({ min: least, max: 4 }), { minLength: width, maxLength: width });
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 90 }),
        (values, places) => {
          const item = places.map((place) => place % values.length);
          const due = item.map((own, i) => {
            const next = item.findIndex((other, j) => j > i && equal(values[own], values[other], tags));
            return next < 0 ? 0 : next - i;
          });
          found += due.filter((one) => one > 0).length;
          const before = new EqualBefore({ width, fill: tags ? -1 : 0 });
          expect([...before.distances(Int32Array.from(values.flat()), Int32Array.from(item))]).toEqual(due);
          // What was found before leaves nothing behind.
          expect([...before.distances(Int32Array.from(values.flat()), item.slice(1))]).toEqual(due.slice(1));
        },
      ),
      { numRuns },
    );
    expect(found).toBeGreaterThan(numRuns);
  });

  it("is found among many different values", () => {
    const count = 5000;
    const item = Int32Array.from({ length: count }, (_, i) => 1 + ((i * 7919) % 1663));
    const values = Int32Array.from({ length: 1664 }, (_, i) => i * 1_000_003);
    const found = new EqualBefore({ width: 1, fill: 0 }).distances(values, item);
    expect([...found]).toEqual(Array.from({ length: count }, (_, i) => (i + 1663 < count ? 1663 : 0)));
  });
});

describe("the bucket of a gap", () => {
  const row = (limit: number, distance: number[] | null, time: number[] | null, count = 5) => {
    const into = new Int32Array(7).fill(9);
    gapBuckets(into, 1, count, { distance, time, limit }, [2, 5, 60]);
    return [...into];
  };

  it("counts the edges up to what passed; 0 where none is before, or only beyond the history", () => {
    const time = [100, 99, 97, 40, 40, 7];
    expect(row(6, null, time)).toEqual([9, 1, 2, 3, 1, 3, 9]);
    expect(row(5, null, time)).toEqual([9, 1, 2, 3, 1, 0, 9]);
    expect(row(6, [2, 4, 0, 1, 1], time)).toEqual([9, 2, 4, 0, 1, 3, 9]);
    expect(row(5, [2, 4, 0, 1, 1], time)).toEqual([9, 2, 0, 0, 1, 0, 9]);
    // Fewer behaviours are wanted: what is before them counts all the same.
    expect(row(6, [2, 4, 0, 1, 1], time, 2)).toEqual([9, 2, 4, 9, 9, 9, 9]);
  });

  it("is in steps where places count", () => {
    expect(row(10, [2, 4, 0, 1, 5], null)).toEqual([9, 2, 2, 0, 1, 3, 9]);
  });
});
