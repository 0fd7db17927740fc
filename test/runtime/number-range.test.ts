// The range of a number that `data check` says does not depend on the order in which the rows came.
import fc from "fast-check";
import { expect, it } from "vitest";
import { saidRange, withBlock } from "../../runtime/data/number-range.ts";

const rangeOf = (values: readonly number[]) =>
  saidRange(withBlock(undefined, Float64Array.from(values), Float32Array.from(values))!);

it("is the same for the same numbers in any order, and near the plain one", () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -2e9, max: 2e9 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat(), (values, turn) => {
      const sorted = values.toSorted((a, b) => a - b);
      const turned = [...values.slice(turn % values.length), ...values.slice(0, turn % values.length)];
      const [one, ...others] = [values, sorted, sorted.toReversed(), turned].map(rangeOf);
      const size = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
      for (const other of others) {
        expect({ ...other, mean: 0, squares: 0 }).toEqual({ ...one, mean: 0, squares: 0 });
        // A sum may lie on the very border of two roundings.
        expect(Math.abs(other.mean - one.mean)).toBeLessThanOrEqual(2e-8 * size);
        expect(Math.abs(other.squares - one.squares)).toBeLessThanOrEqual(1e-7 * one.squares);
      }
      expect(Math.abs(one.mean - values.reduce((sum, x) => sum + x, 0) / values.length)).toBeLessThanOrEqual(
        2e-8 * size,
      );
    }),
  );
  const days = Array.from({ length: 24 }, (_, i) => 1_600_000_000 + 3600 * i);
  const orders = [days, days.toReversed(), [...days.slice(12), ...days.slice(0, 12)]].map(rangeOf);
  expect(new Set(orders.map((range) => JSON.stringify(range))).size).toBe(1);
});
