// The order of behaviours, however many and however far apart: stable, newest first, equal to a plain sort.
import { expect, test } from "vitest";
import { streams } from "../../contract/random.ts";
import { isAsGiven, newestFirst, reorder } from "../../runtime/encode/columns.ts";

const plain = (times: Float64Array): number[] =>
  Array.from(times, (_, i) => i).sort((a, b) => times[b] - times[a] || a - b);

test.each([
  ["within a round", 2 ** 11],
  ["two rounds", 2 ** 22],
  ["three rounds", 2 ** 32 - 1],
  ["wider than ages of 32 bits", 2 ** 33],
  ["many ties", 7],
])("whole times, %s", (_, range) => {
  const next = streams.selfTest(5);
  for (let length = 0; length < 40; length++) {
    const count = length < 35 ? length : 3000;
    const times = Float64Array.from({ length: count }, () => 1e9 + Math.floor(next() * range));
    expect([...newestFirst(times, count)]).toEqual(plain(times));
    expect([...newestFirst(times, 10)]).toEqual(plain(times).slice(0, 10));
  }
});

test("the ends of what 32 bits hold", () => {
  const times = Float64Array.of(0, 2 ** 32 - 1, 1, 2 ** 32 - 2, 0);
  expect([...newestFirst(times, 5)]).toEqual([1, 3, 2, 0, 4]);
  const wider = Float64Array.of(0, 2 ** 32, 1, 2 ** 32 - 1, 0);
  expect([...newestFirst(wider, 5)]).toEqual([1, 3, 2, 0, 4]);
});

test("fractions and negative times", () => {
  const times = Float64Array.of(0.25, 0.5, -3, 0.5, 0.125);
  expect([...newestFirst(times, 5)]).toEqual([1, 3, 0, 4, 2]);
  const whole = Float64Array.of(-5, 3, -5, -1);
  expect([...newestFirst(whole, 4)]).toEqual([1, 3, 0, 2]);
});

test("what stands newest first is copied as it stands", () => {
  const order = newestFirst(Float64Array.of(9, 9, 4, 1), 3);
  expect(isAsGiven(order)).toBe(true);
  const data = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const copy = reorder(data, 2, order, 4, -1);
  expect([...copy]).toEqual([1, 2, 3, 4, 5, 6, -1, -1]);
  expect(copy.buffer).not.toBe(data.buffer);
  expect([...reorder(data, 2, Int32Array.of(1, 0), 3, 0)]).toEqual([3, 4, 1, 2, 0, 0]);
});
