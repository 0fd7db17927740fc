// Popularity of a training row is what its definition says: training rows strictly before it, and not sooner than the delay.
import { describe, expect, it } from "vitest";
import { type Random, random } from "../../../contract/random.ts";
import { type PopularityRows, type PopularityRule, popularity } from "../../../runtime/stats/popularity.ts";

const values = 5;

function drawn(draw: Random, count: number): PopularityRows {
  return {
    time: Float64Array.from({ length: count }, () => draw.below(40)),
    value: Int32Array.from({ length: count }, () => draw.below(values)),
    label: Float32Array.from({ length: count }, () => (draw.below(4) === 0 ? Number.NaN : draw.below(2))),
    real: Uint8Array.from({ length: count }, () => Number(draw.below(5) > 0)),
  };
}

/** By loops over all rows. */
function literal(
  rows: PopularityRows,
  rule: PopularityRule,
  value: number,
  counts: (time: number) => boolean,
): number[] {
  const all = [...rows.time.keys()].filter((row) => rows.real?.[row] !== 0);
  const known = (some: readonly number[]): readonly number[] => some.filter((row) => !Number.isNaN(rows.label![row]));
  const sum = (some: readonly number[]): number => known(some).reduce((total, row) => total + rows.label![row], 0);
  const base = (sum(all) + 0.5) / (known(all).length + 1);
  const own = value === 0 ? [] : all.filter((row) => rows.value[row] === value && counts(rows.time[row]));
  const rate = (sum(own) + rule.k * base) / (known(own).length + rule.k);
  return [Math.log(1 + own.length), Math.log(rate / (1 - rate))];
}

describe("popularity", () => {
  it.each([
    [null, 0],
    [null, 6],
    [10, 0],
    [10, 6],
    [3, 6],
  ])("window %s, delay %s", (window, delay) => {
    for (const count of [0, 1, 80]) {
      const rows = drawn(random(count, delay), count);
      const rule = { values, k: 4, window, delay };
      const found = popularity(rows, rule);
      for (let row = 0; row < count; row++) {
        const now = rows.time[row];
        const due = literal(rows, rule, rows.value[row], (time) => {
          return time < now && time <= now - delay && (window === null || time >= now - window);
        });
        expect(found.rows[2 * row], `row ${row}`).toBeCloseTo(due[0], 5);
        expect(found.rows[2 * row + 1], `row ${row}`).toBeCloseTo(due[1], 5);
      }
      const newest = Math.max(...rows.time, 0);
      for (let value = 0; value < values; value++) {
        const due = literal(rows, rule, value, (time) => window === null || time >= newest - window);
        expect(found.frozen[2 * value]).toBeCloseTo(due[0], 5);
        expect(found.frozen[2 * value + 1]).toBeCloseTo(due[1], 5);
      }
    }
  });

  it("only counts where it is of no label", () => {
    const rows = { ...drawn(random(1), 30), label: null, real: null };
    const found = popularity(rows, { values, k: 1, window: null, delay: 0 });
    expect(found.width).toBe(1);
    expect([...found.frozen]).toEqual(
      [0, 1, 2, 3, 4].map((value) =>
        Math.fround(value === 0 ? 0 : Math.log1p(rows.value.filter((one) => one === value).length)),
      ),
    );
  });
});
