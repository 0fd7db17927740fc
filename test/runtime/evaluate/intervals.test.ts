// Paired confidence intervals: against their definitions, against each other, and whether they hold what they promise.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random, streams } from "../../../contract/random.ts";
import { auc, userAucs } from "../../../runtime/metrics/auc.ts";
import { bootstrap, gaucSums, loglossSums } from "../../../runtime/metrics/bootstrap.ts";
import { aucDifference, aucDifferenceByUser, placements, upperTail } from "../../../runtime/metrics/delong.ts";
import { logloss } from "../../../runtime/metrics/logloss.ts";

const anyRows = fc.array(
  fc.record({
    label: fc.integer({ min: 0, max: 1 }),
    ours: fc.integer({ min: 0, max: 5 }),
    theirs: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 4, maxLength: 30 },
);

/** Rows of users whose taste for clicking differs; ours sees more of it than theirs. */
function simulated(seed: number, users: number, each: number) {
  const { next, normal } = random(seed);
  const rows = users * each;
  const label = new Uint8Array(rows);
  const [ours, theirs] = [new Float64Array(rows), new Float64Array(rows)];
  const user = new Uint32Array(rows);
  for (let u = 0, i = 0; u < users; u++) {
    const taste = normal();
    for (let j = 0; j < each; j++, i++) {
      const truth = taste + normal();
      label[i] = Number(next() < 1 / (1 + Math.exp(-truth)));
      ours[i] = truth + normal();
      theirs[i] = truth + 1.5 * normal();
      user[i] = u;
    }
  }
  return { label, ours, theirs, user, users };
}

describe("the difference of two AUCs", () => {
  it("is made of the shares of pairs that each row wins", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const positives = rows.filter(({ label }) => label === 1);
        const negatives = rows.filter(({ label }) => label === 0);
        fc.pre(positives.length > 1 && negatives.length > 1);
        const label = Uint8Array.from(rows, (row) => row.label);
        const wins = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);
        const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
        const share = (row: (typeof rows)[number], key: "ours" | "theirs") =>
          row.label === 1
            ? mean(negatives.map((other) => wins(row[key], other[key])))
            : mean(positives.map((other) => wins(other[key], row[key])));
        const column = (key: "ours" | "theirs") => Float32Array.from(rows, (row) => row[key]);
        expect([...placements({ label, score: column("ours") })].map((x) => +x.toFixed(12))).toEqual(
          rows.map((row) => +share(row, "ours").toFixed(12)),
        );
        // DeLong: sample variances of the differences of the shares, of positives and of negatives.
        const variance = (some: readonly (typeof rows)[number][]) => {
          const gaps = some.map((row) => share(row, "ours") - share(row, "theirs"));
          return gaps.reduce((sum, gap) => sum + (gap - mean(gaps)) ** 2, 0) / (gaps.length - 1);
        };
        const found = aucDifference(label, column("ours"), column("theirs"));
        expect(found.ours).toBeCloseTo(auc({ label, score: column("ours") }), 12);
        const expected = variance(positives) / positives.length + variance(negatives) / negatives.length;
        expect(found.error ** 2).toBeCloseTo(expected, 12);
      }),
    );
  });
  it("with one row a user is DeLong's", () => {
    const { label, ours, theirs } = simulated(3, 400, 1);
    const alone = Uint32Array.from(label, (_, i) => i);
    const plain = aucDifference(label, ours, theirs);
    const grouped = aucDifferenceByUser(label, ours, theirs, alone, label.length);
    expect(grouped.error).toBeCloseTo(plain.error, 12);
  });
  it("by user has Obuchowski's variance, by its definition, and a user without rows changes nothing", () => {
    const { label, ours, theirs } = simulated(11, 12, 4);
    // Users of one row and of many, of one class and of both.
    const user = Uint32Array.from(label, (_, i) => Math.min(9, Math.floor(i ** 2 / 60)));
    const found = aucDifferenceByUser(label, ours, theirs, user, 10);
    const [mine, others] = [placements({ label, score: ours }), placements({ label, score: theirs })];
    const rows = Array.from(label, (y, i) => ({ y, user: user[i], gap: mine[i] - others[i] - found.difference }));
    const of = (y: number) => rows.filter((row) => row.y === y);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const all = [...new Set(user)];
    const sumOf = (y: number, u: number) =>
      sum(
        of(y)
          .filter((row) => row.user === u)
          .map(({ gap }) => gap),
      );
    const own = (y: number) => {
      const users = new Set(of(y).map((row) => row.user));
      return (users.size / (users.size - 1) / of(y).length ** 2) * sum([...users].map((u) => sumOf(y, u) ** 2));
    };
    const cross = sum(all.map((u) => sumOf(1, u) * sumOf(0, u)));
    const between = (2 * (all.length / (all.length - 1)) * cross) / (of(1).length * of(0).length);
    expect(Math.abs(between)).toBeGreaterThan(1e-5);
    expect(found.error ** 2).toBeCloseTo(own(1) + own(0) + between, 12);
    expect(aucDifferenceByUser(label, ours, theirs, user, 12)).toEqual(found);
  });
  it("has the p at which its interval of that width touches 0, and 0 or 1 where nothing varies", () => {
    const { label, ours, theirs } = simulated(12, 40, 3);
    const { difference, error, p, low, high } = aucDifference(label, ours, theirs);
    expect(p).toBeCloseTo(2 * upperTail(Math.abs(difference) / error), 14);
    expect(p > 0.05).toBe(low < 0 && high > 0);
    expect(aucDifference(label, theirs, ours).p).toBe(p);
    const score = Float64Array.from(label);
    expect(
      aucDifference(
        label,
        score,
        score.map((x) => -x),
      ),
    ).toMatchObject({ difference: 1, error: 0, p: 0 });
  });
  it("between equal systems is none", () => {
    const { label, ours, user, users } = simulated(4, 20, 5);
    expect(aucDifference(label, ours, ours)).toMatchObject({ difference: 0, error: 0, p: 1 });
    expect(aucDifferenceByUser(label, ours, ours, user, users)).toMatchObject({ low: 0, high: 0 });
  });
  it("covers the true difference in about 95 of 100 samples, by user", () => {
    const whole = simulated(99, 20000, 5);
    const truth = aucDifference(whole.label, whole.ours, whole.theirs).difference;
    let held = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const { label, ours, theirs, user, users } = simulated(seed, 60, 5);
      const { low, high } = aucDifferenceByUser(label, ours, theirs, user, users);
      held += Number(low <= truth && truth <= high);
    }
    // 190 are expected with a deviation of 3.1.
    expect(held).toBeGreaterThanOrEqual(178);
    expect(held).toBeLessThanOrEqual(199);
  });
  it("has the normal tail right", () => {
    expect(upperTail(0)).toBe(0.5);
    expect(upperTail(1.959963984540054)).toBeCloseTo(0.025, 13);
    expect(upperTail(2.999999) / upperTail(3.000001)).toBeCloseTo(1, 4);
    expect(upperTail(5) / 2.866515718791939e-7).toBeCloseTo(1, 9);
  });
});

describe("the bootstrap over users", () => {
  const { label, ours, theirs, user, users } = simulated(7, 100, 6);
  it("has the differences that it is about, and equal numbers for equal seeds", () => {
    const sums = loglossSums(label, ours, theirs, user, users);
    const found = bootstrap(sums, 1);
    expect(found.ours).toBeCloseTo(logloss(ours, label), 12);
    expect(found.difference).toBeCloseTo(logloss(ours, label) - logloss(theirs, label), 12);
    expect(found.low).toBeLessThan(found.difference);
    expect(found.high).toBeGreaterThan(found.difference);
    expect(bootstrap(sums, 1)).toEqual(found);
    expect(bootstrap(sums, 2)).not.toEqual(found);
  });
  it("is as wide as the error of a mean of users says", () => {
    const { next } = random(5);
    const gaps = Float64Array.from({ length: 500 }, () => next());
    const { low, high } = bootstrap(
      { ours: gaps, theirs: new Float64Array(500), weight: new Float64Array(500).fill(1) },
      3,
      2000,
    );
    const error = Math.sqrt(1 / 12 / 500);
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.9);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.1);
  });
  it("holds the middle of what drawing users by hand gives, and a user without rows changes nothing", () => {
    const sums = {
      ours: Float64Array.of(3, 0, 5, 1, 9),
      theirs: Float64Array.of(1, 0, 6, 1, 4),
      weight: Float64Array.of(2, 0, 4, 1, 3),
    };
    const [draws, kept] = [61, [0, 2, 3, 4]];
    const { below } = streams.bootstrap(8, kept.length);
    const differences = Array.from({ length: draws }, () => {
      const drawn = kept.map(() => kept[below(kept.length)]);
      const total = (of: Float64Array) => drawn.reduce((sum, u) => sum + of[u], 0);
      return (total(sums.ours) - total(sums.theirs)) / total(sums.weight);
    }).sort((a, b) => a - b);
    const found = bootstrap(sums, 8, draws);
    // The quantile between two values in proportion: places 1.5 and 58.5 of 0 … 60.
    expect(found.low).toBeCloseTo((differences[1] + differences[2]) / 2, 12);
    expect(found.high).toBeCloseTo((differences[58] + differences[59]) / 2, 12);
    expect(found.difference).toBeCloseTo((18 - 12) / 10, 12);
  });
  it("of GAUC leaves users of one class out", () => {
    const one = userAucs(
      { label: Uint8Array.of(1, 0, 1), score: Float64Array.of(2, 1, 0) },
      Uint32Array.of(0, 0, 1),
      2,
    );
    const sums = gaucSums(one, one);
    expect([...sums.weight]).toEqual([2]);
    expect(bootstrap(sums, 1)).toMatchObject({ ours: 1, difference: 0, low: 0, high: 0 });
  });
});
