// What a sample may see: strictly what was before it, and not sooner than the delay; the same by a search and one by one.
import fc from "fast-check";
import { expect, it } from "vitest";
import { elapsedBuckets, encodeElapsed } from "../../runtime/encode/buckets.ts";
import { firstSeen, isSeen } from "../../runtime/encode/seen.ts";

it("is strictly before, and the delay has passed", () => {
  expect([9, 10, 11, Number.NaN].map((at) => isSeen(at, 10))).toEqual([true, false, false, false]);
  // With a delay of 2, what happened at 8 is seen at 10, and not before.
  expect([7, 8, 8.5, 9].map((at) => isSeen(at, 10, 2))).toEqual([true, true, false, false]);
  expect(isSeen(1, Number.NaN)).toBe(false);
});

it("is found by halving as by looking at each", () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 }).map((all) => all.sort((a, b) => b - a));
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 21 }), fc.integer({ min: 0, max: 5 }), (all, time, delay) => {
      const found = all.findIndex((at) => isSeen(at, time, delay));
      expect(firstSeen(all, time, delay)).toBe(found < 0 ? all.length : found);
    }),
  );
});

it("has the bucket of what has passed, by the search of training as by the encoder of serving", () => {
  const feature = { name: "h.ago" } as Parameters<typeof encodeElapsed>[0];
  const edges = fc
    .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 20 })
    .map((all) => all.sort((a, b) => a - b));
  const times = fc.array(fc.integer({ min: 0, max: 49 }), { maxLength: 30 }).map((all) => all.sort((a, b) => b - a));
  fc.assert(
    fc.property(edges, times, (at, all) => {
      const context = { now: 50, times: Float64Array.from(all), where: "history" } as Parameters<
        typeof encodeElapsed
      >[3];
      const into = new Int32Array(all.length + 2).fill(-7);
      elapsedBuckets(into, 1, all, all.length, 50, at);
      expect([...into]).toEqual([-7, ...encodeElapsed(feature, at, all.length, context), -7]);
    }),
  );
});
