// Metrics against hand-made cases and against their definitions, pair by pair; ties included.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auc, gauc, userAucs } from "../../../runtime/metrics/auc.ts";
import { calibration, promised } from "../../../runtime/metrics/calibration.ts";
import { bound, logitOf, logloss, lossOf, probabilityOf } from "../../../runtime/metrics/logloss.ts";
import { ascending, grouped } from "../../../runtime/metrics/order.ts";
import { regressionErrors } from "../../../runtime/metrics/regression.ts";
import { topMetrics } from "../../../runtime/metrics/top.ts";

const bits = (...values: number[]): Uint8Array => Uint8Array.from(values);
const floats = (...values: number[]): Float64Array => Float64Array.from(values);

/** Few different scores, so that ties are common. */
const anyRow = fc.record({
  score: fc.integer({ min: -3, max: 3 }),
  label: fc.integer({ min: 0, max: 1 }),
  weight: fc.integer({ min: 1, max: 5 }),
  user: fc.integer({ min: 0, max: 4 }),
});
type Row = { score: number; label: number; weight: number; user: number };
const anyRows = fc.array(anyRow, { minLength: 1, maxLength: 40 });
const columns = (rows: readonly Row[]) => ({
  label: Uint8Array.from(rows, ({ label }) => label),
  score: Float32Array.from(rows, ({ score }) => score / 4),
  weight: Float64Array.from(rows, ({ weight }) => weight),
  user: Uint32Array.from(rows, ({ user }) => user),
});

/** AUC by its definition: over all pairs. */
function pairs(rows: readonly Row[], weigh: (row: Row) => number = () => 1): number {
  let [won, all] = [0, 0];
  for (const a of rows) {
    for (const b of rows) {
      if (a.label !== 1 || b.label !== 0) {
        continue;
      }
      all += weigh(a) * weigh(b);
      won += weigh(a) * weigh(b) * (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0);
    }
  }
  return won / all;
}

describe("the order of scores", () => {
  const edges = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, -0, 5e-324, -5e-324, 1.5, -1.5, 3e38];
  const anyScore = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(...edges), fc.integer({ min: -9, max: 9 }));
  it.each([["float32", Float32Array] as const, ["float64", Float64Array] as const])(
    "is that of a stable comparison, also where a radix sort makes it: %s",
    (_, Values) => {
      fc.assert(
        fc.property(fc.array(anyScore, { minLength: 1, maxLength: 50 }), (some) => {
          // Repeated until the radix sort takes it.
          const values = new Values(5000).map((_, i) => some[(i * 7) % some.length]);
          const rows = Array.from(values, (_, i) => i);
          const expected = rows.sort((a, b) => (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b));
          expect(Array.from(ascending(values))).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    },
  );
  it("keeps equal values in their order, and tells values apart by their last bits, few or many", () => {
    for (const Values of [Float32Array, Float64Array]) {
      for (const count of [9, 5000]) {
        const rows = Array.from({ length: count }, (_, i) => i);
        expect([...ascending(new Values(count).fill(2))]).toEqual(rows);
        const step = Values === Float32Array ? 2 ** -23 : 2 ** -52;
        const below = new Values(rows.map((row) => -1 - ((row * 7) % count) * step));
        expect(Array.from(ascending(below), (row) => (row * 7) % count)).toEqual(rows.toReversed());
      }
    }
  });
  it("refuses what is no number", () => {
    expect(() => ascending(floats(1, Number.NaN))).toThrow("value 1 is no number");
  });
  it("groups keep it", () => {
    const { order, starts } = grouped(Uint32Array.of(3, 1, 0, 2), Uint32Array.of(1, 0, 1, 1), 3);
    expect([...order]).toEqual([1, 3, 0, 2]);
    expect([...starts]).toEqual([0, 1, 4, 4]);
  });
});

describe("AUC", () => {
  it("of hand-made cases", () => {
    const label = bits(1, 0, 1, 0);
    expect(auc({ label, score: floats(4, 3, 2, 1) })).toBe(0.75);
    expect(auc({ label, score: floats(1, 1, 1, 1) })).toBe(0.5);
    expect(auc({ label, score: floats(2, 1, 1, 0) })).toBe(0.875);
    expect(auc({ label: bits(1, 1), score: floats(1, 2) })).toBeNaN();
    // The pair (1, 0) with weights 3 and 2, beaten; (1, 0) with 3 and 1, won: 3 of 9.
    expect(auc({ label: bits(0, 1, 0), score: floats(3, 2, 1) }, floats(2, 3, 1))).toBeCloseTo(1 / 3, 15);
  });
  it("is the share of pairs won, weighted or not, and of each user", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const { label, score, weight, user } = columns(rows);
        const close = (found: number, expected: number) =>
          Number.isNaN(expected) ? expect(found).toBeNaN() : expect(found).toBeCloseTo(expected, 12);
        close(auc({ label, score }), pairs(rows));
        close(
          auc({ label, score }, weight),
          pairs(rows, (row) => row.weight),
        );
        const each = userAucs({ label, score }, user, 5);
        let [sum, total, users, skipped] = [0, 0, 0, 0];
        for (let u = 0; u < 5; u++) {
          const own = rows.filter((row) => row.user === u);
          const value = pairs(own);
          close(each.auc[u], value);
          if (own.length === 0) {
            continue;
          }
          if (Number.isNaN(value)) {
            skipped++;
          } else {
            users++;
            sum += own.length * value;
            total += own.length;
          }
        }
        const found = gauc(each);
        close(found.gauc, sum / total);
        expect(found).toMatchObject({ users, skipped, rows: total });
      }),
    );
  });
  it("of many rows agrees with the pairs, by a radix sort", () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({
      score: (i * 7919) % 613,
      label: Number((i * 31) % 7 < 2),
      weight: 1 + (i % 3),
      user: 0,
    }));
    const { label, score, weight } = columns(rows);
    expect(auc({ label, score })).toBeCloseTo(pairs(rows), 12);
    expect(auc({ label, score }, weight)).toBeCloseTo(
      pairs(rows, (row) => row.weight),
      12,
    );
  });
});

describe("logloss", () => {
  it("is −ln of the probability of what happened, bounded", () => {
    expect(logloss(floats(0, 0), bits(1, 0))).toBeCloseTo(Math.LN2, 15);
    expect(logloss(floats(Math.log(3)), bits(1))).toBeCloseTo(Math.log(4 / 3), 15);
    expect(lossOf(1000, 0)).toBeCloseTo(-Math.log(1e-7), 8);
    expect(lossOf(1000, 1)).toBeCloseTo(1e-7, 12);
    expect(logloss(floats(0, Math.log(3)), bits(1, 1), floats(1, 3))).toBeCloseTo(
      (Math.LN2 + 3 * Math.log(4 / 3)) / 4,
      15,
    );
    expect(logitOf(0.75)).toBeCloseTo(Math.log(3), 14);
    expect([logitOf(0), logitOf(1)]).toEqual([-bound, bound]);
    fc.assert(
      fc.property(fc.double({ min: -15, max: 15, noNaN: true }), (z) => {
        expect(lossOf(z, 1)).toBeCloseTo(-Math.log(probabilityOf(z)), 9);
        expect(lossOf(z, 0)).toBeCloseTo(-Math.log(1 - probabilityOf(z)), 9);
      }),
    );
  });
});

describe("calibration", () => {
  it("of a hand-made case in two bins", () => {
    const z = (p: number) => Math.log(p / (1 - p));
    const found = calibration(floats(z(0.9), z(0.2), z(0.4), z(0.7)), bits(1, 0, 1, 1), null, 2);
    expect(found.bins.map(({ rows }) => rows)).toEqual([2, 2]);
    expect(found.bins[0].predicted).toBeCloseTo(0.3, 12);
    expect(found.bins[0].observed).toBe(0.5);
    expect(found.bins[1].ratio).toBeCloseTo(0.8, 12);
    expect(found.ratio).toBeCloseTo(2.2 / 3, 12);
    expect(promised(floats(z(0.9), z(0.2)), bits(1, 1), floats(1, 3))).toBeCloseTo(1.5 / 4, 12);
    expect(found.ece).toBeCloseTo((0.2 + 0.2) / 2, 12);
  });
  it("weighs rows within their bin and counts them whole, as if a row of weight 3 stood there three times", () => {
    const [logit, label, weight] = [floats(-1, -1, 0, 1, 1, 2), bits(0, 1, 1, 0, 1, 1), floats(3, 1, 2, 1, 1, 2)];
    const { bins, ratio, ece } = calibration(logit, label, weight, 1);
    const times = <T>(of: (i: number) => T) => [...weight].flatMap((count, i) => Array<T>(count).fill(of(i)));
    const [longer, labels] = [floats(...times((i) => logit[i])), bits(...times((i) => label[i]))];
    const repeated = calibration(longer, labels, null, 1);
    expect([bins[0].rows, repeated.bins[0].rows]).toEqual([6, 10]);
    expect(bins[0].observed).toBeCloseTo(6 / 10, 12);
    expect(bins[0].predicted).toBeCloseTo(repeated.bins[0].predicted, 12);
    expect(ratio).toBeCloseTo(repeated.ratio, 12);
    expect(ece).toBeCloseTo(repeated.ece, 12);
    expect(promised(logit, label, weight)).toBeCloseTo(ratio, 12);
    expect(promised(longer, labels)).toBeCloseTo(ratio, 12);
  });
  it("does not depend on the order of the rows, ties included", () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 0, max: 1000 }), (rows, turn) => {
        const of = (some: readonly Row[]) => {
          const { label, score, weight } = columns(some);
          return calibration(score, label, weight, 4);
        };
        const turned = [...rows.slice(turn % rows.length), ...rows.slice(0, turn % rows.length)];
        const [a, b] = [of(rows), of(turned.reverse())];
        expect(a.bins.map(({ rows: count }) => count)).toEqual(b.bins.map(({ rows: count }) => count));
        expect(a.bins.reduce((sum, { rows: count }) => sum + count, 0)).toBe(rows.length);
        a.bins.forEach((bin, i) => {
          expect(bin.predicted).toBeCloseTo(b.bins[i].predicted, 12);
          expect(bin.observed).toBeCloseTo(b.bins[i].observed, 12);
        });
      }),
    );
  });
});

describe("NDCG@k and recall@k", () => {
  it("of a hand-made request", () => {
    const found = topMetrics(
      { label: bits(1, 0, 1, 0, 1, 0), score: floats(1, 4, 3, 2, 9, 9) },
      Uint32Array.of(0, 0, 0, 0, 1, 2),
      3,
      [1, 2, 10],
    );
    // Labels by rank: 0 1 0 1; the other two requests have one candidate each.
    const d = (rank: number) => 1 / Math.log2(rank + 2);
    expect(found).toMatchObject({ requests: 1, single: 2, without: 0 });
    expect(found.top.map(({ recall }) => recall)).toEqual([0, 0.5, 1]);
    expect(found.top[0].ndcg).toBe(0);
    expect(found.top[1].ndcg).toBeCloseTo(d(1) / (d(0) + d(1)), 14);
    expect(found.top[2].ndcg).toBeCloseTo((d(1) + d(3)) / (d(0) + d(1)), 14);
  });
  it("is the mean over all orders that ties leave open", () => {
    const few = fc.array(fc.record({ score: fc.integer({ min: 0, max: 2 }), label: fc.integer({ min: 0, max: 1 }) }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(few, fc.integer({ min: 1, max: 6 }), (rows, k) => {
        fc.pre(rows.some(({ label }) => label === 1));
        let [ndcg, recall, orders] = [0, 0, 0];
        for (const order of permutations(rows)) {
          if (order.some((row, i) => i > 0 && order[i - 1].score < row.score)) {
            continue;
          }
          const positives = rows.filter(({ label }) => label === 1).length;
          const top = order.slice(0, k).map(({ label }) => label);
          const sum = (labels: readonly number[]) => labels.reduce((all, y, rank) => all + y / Math.log2(rank + 2), 0);
          ndcg += sum(top) / sum(new Array(Math.min(k, positives)).fill(1));
          recall += top.filter((y) => y === 1).length / positives;
          orders++;
        }
        const label = Uint8Array.from(rows, (row) => row.label);
        const score = Float32Array.from(rows, (row) => row.score);
        const found = topMetrics({ label, score }, new Uint32Array(rows.length), 1, [k]).top[0];
        expect(found.ndcg).toBeCloseTo(ndcg / orders, 12);
        expect(found.recall).toBeCloseTo(recall / orders, 12);
      }),
    );
  });
  it("of several requests is the mean of each alone, also where their scores are alike and k is above their size", () => {
    const some = [
      { label: bits(0, 1), score: floats(5, 5) },
      { label: bits(1, 0, 0), score: floats(5, 6, 5) },
      { label: bits(0, 1, 1), score: floats(6, 6, 9) },
    ];
    const ks = [1, 2, 10];
    const each = some.map((rows) => topMetrics(rows, new Uint32Array(rows.label.length), 1, ks).top);
    const all = topMetrics(
      {
        label: bits(...some.flatMap(({ label }) => [...label])),
        score: floats(...some.flatMap(({ score }) => [...score])),
      },
      Uint32Array.of(0, 0, 1, 1, 1, 2, 2, 2),
      3,
      ks,
    );
    expect(all.requests).toBe(3);
    ks.forEach((k, at) => {
      const mean = (key: "ndcg" | "recall") => each.reduce((sum, top) => sum + top[at][key], 0) / 3;
      expect(all.top[at].k).toBe(k);
      expect(all.top[at].ndcg).toBeCloseTo(mean("ndcg"), 12);
      expect(all.top[at].recall).toBeCloseTo(mean("recall"), 12);
    });
    // One of two tied, none, and the first of two positives.
    expect(all.top[0].recall).toBeCloseTo((1 / 2 + 0 + 1 / 2) / 3, 12);
  });
  it("leaves out requests without a positive", () => {
    const rows = { label: bits(0, 0), score: floats(1, 2) };
    expect(topMetrics(rows, new Uint32Array(2), 1, [1])).toMatchObject({ requests: 0, without: 1 });
  });
});

function* permutations<T>(of: readonly T[]): Generator<T[]> {
  if (of.length < 2) {
    yield [...of];
  }
  for (let i = 0; i < of.length && of.length > 1; i++) {
    for (const rest of permutations([...of.slice(0, i), ...of.slice(i + 1)])) {
      yield [of[i], ...rest];
    }
  }
}

it("errors of a regression", () => {
  expect(regressionErrors(floats(1, 2, 3), floats(1, 4, 0))).toEqual({
    rmse: Math.sqrt(13 / 3),
    mae: 5 / 3,
    predicted: 2,
    observed: 5 / 3,
  });
  expect(regressionErrors(floats(1, 2), floats(0, 0), floats(3, 1)).rmse).toBeCloseTo(Math.sqrt(7 / 4), 15);
});
