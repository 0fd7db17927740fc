// The plain pieces of the trainer's host: order, schedule, numbering, noise, label weights, stopping.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streams } from "../../contract/random.ts";
import { Buffers, gatherRows, scatterRows } from "../../runtime/learn/buffers.ts";
import { labelWeights } from "../../runtime/learn/label-weights.ts";
import { dropoutMask, maskItems, maskRows } from "../../runtime/learn/noise.ts";
import { Numbering } from "../../runtime/learn/numbering.ts";
import { epochOrder, Steps } from "../../runtime/learn/order.ts";
import { biasCorrection, rateFactor } from "../../runtime/learn/schedule.ts";
import { evaluated, measureOf, notYet } from "../../runtime/learn/stopping.ts";
import type { TaskMetrics } from "../../runtime/learn/validate.ts";

describe("the order of the samples", () => {
  it("is a permutation of its own for every epoch, the same for the same seed", () => {
    const first = epochOrder(1, 0, 1000);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(1, 0, 1000)).toEqual(first);
    expect(epochOrder(1, 1, 1000)).not.toEqual(first);
    expect(epochOrder(2, 0, 1000)).not.toEqual(first);
  });

  it("takes every sample once an epoch, in batches of nearly one size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 700 }), (count, batch) => {
        const steps = new Steps(count, batch);
        const sizes: number[] = [];
        for (let step = steps.perEpoch + 1, next = 0; step <= 2 * steps.perEpoch; step++) {
          const { epoch, from, to } = steps.place(step);
          expect([epoch, from]).toEqual([1, next]);
          sizes.push(to - from);
          next = to;
        }
        expect(sizes.reduce((sum, size) => sum + size)).toBe(count);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(batch);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("the schedule", () => {
  it("is constant, rises, or falls along a cosine", () => {
    expect(rateFactor({ kind: "constant" }, 7)).toBe(1);
    const warmup = { kind: "warmup", steps: 4 } as const;
    expect([1, 2, 4, 5, 100].map((step) => rateFactor(warmup, step))).toEqual([0.25, 0.5, 1, 1, 1]);
    const cosine = { kind: "cosine", steps: 12, warmup: 2 } as const;
    expect([1, 2, 3, 8, 13, 50].map((step) => rateFactor(cosine, step))).toEqual([
      0.5,
      1,
      1,
      expect.closeTo(0.5, 12),
      expect.closeTo(0, 12),
      expect.closeTo(0, 12),
    ]);
  });

  it("corrects Adam's moments", () => {
    expect(biasCorrection(0.9, 1)).toBeCloseTo(0.1, 12);
    expect(biasCorrection(0.9, 2)).toBeCloseTo(0.19, 12);
  });
});

describe("numbering", () => {
  it("gives each value the place of its first occurrence, round after round", () => {
    const numbering = new Numbering(5000);
    const values = fc.array(fc.integer({ min: -1, max: 4999 }), { maxLength: 3000 });
    fc.assert(
      fc.property(values, (list) => {
        numbering.begin();
        const from = Int32Array.from(list);
        const into = new Int32Array(from.length);
        numbering.number(from, into);
        const known = new Map([[0, 0]]);
        const expected = list.map((value) => {
          if (value < 0) {
            return value;
          }
          if (!known.has(value)) {
            known.set(value, known.size);
          }
          return known.get(value);
        });
        expect([...into]).toEqual(expected);
        expect([...numbering.values]).toEqual([...known.keys()]);
      }),
      { numRuns: 30 },
    );
  });

  it("grows, and refuses what lies beyond", () => {
    const numbering = new Numbering(4);
    numbering.begin(50);
    numbering.number(Int32Array.of(49), new Int32Array(1));
    expect(numbering.count).toBe(2);
    expect(() => numbering.number(Int32Array.of(70), new Int32Array(1))).toThrow(RangeError);
  });

  it("moves rows out and back", () => {
    const table = Float32Array.from({ length: 12 }, (_, i) => i);
    const rows = Int32Array.of(0, 3, 2);
    const compact = new Buffers().floats("rows", 9);
    gatherRows(table, rows, 3, compact);
    expect([...compact]).toEqual([0, 1, 2, 9, 10, 11, 6, 7, 8]);
    const other = new Float32Array(12);
    scatterRows(compact, rows, 3, other);
    expect([...other]).toEqual([0, 1, 2, 0, 0, 0, 6, 7, 8, 9, 10, 11]);
  });

  it.each([1, 2, 4, 8, 12, 24, 64])("moves rows of %i numbers out and back", (width) => {
    const table = Float32Array.from({ length: 5 * width }, (_, i) => i + 1);
    const rows = Int32Array.of(4, 0, 3);
    const compact = new Float32Array(3 * width);
    gatherRows(table, rows, width, compact);
    expect([...compact]).toEqual([...rows].flatMap((row) => [...table.subarray(row * width, (row + 1) * width)]));
    const other = new Float32Array(table.length);
    scatterRows(compact, rows, width, other);
    expect([...other]).toEqual([...table].map((x, i) => (rows.includes(Math.floor(i / width)) ? x : 0)));
  });

  it("moves rows that lie unevenly, and integers that are no number as pairs", () => {
    const uneven = Float32Array.from({ length: 33 }, (_, i) => i).subarray(1);
    const into = new Float32Array(17).subarray(1);
    gatherRows(uneven, Int32Array.of(3, 1), 8, into);
    expect([...into]).toEqual([25, 26, 27, 28, 29, 30, 31, 32, 9, 10, 11, 12, 13, 14, 15, 16]);
    const integers = Int32Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 5 : 0x7ff00000));
    const moved = new Int32Array(8);
    gatherRows(integers, Int32Array.of(1), 8, moved);
    expect(moved).toEqual(integers.subarray(8));
  });
});

describe("noise", () => {
  it("masks the share of the rows that is asked for, and never the filling of tags", () => {
    const rows = Int32Array.from({ length: 20_000 }, (_, i) => (i % 10 === 0 ? -1 : 5));
    maskRows(rows, 0, streams.stepKey(1, 1, 1000), 0.2);
    expect(rows.filter((row) => row === -1).length).toBe(2000);
    expect(rows.filter((row) => row === 0).length / 18_000).toBeCloseTo(0.2, 1);
    const again = Int32Array.from({ length: 20_000 }, (_, i) => (i % 10 === 0 ? -1 : 5));
    maskRows(again, 0, streams.stepKey(1, 2, 1000), 0.2);
    expect(again).not.toEqual(rows);
  });

  it("masks an item by its ordinal, wherever it stands in the batch", () => {
    const one = Int32Array.from({ length: 500 }, (_, i) => i);
    const masked = (ordinals: Int32Array): Set<number> => {
      const rows = Int32Array.from(ordinals, (ordinal) => ordinal);
      maskItems(rows, ordinals, 1, 12345, 0.3);
      return new Set([...ordinals].filter((_, i) => rows[i] === 0));
    };
    expect(masked(one)).toEqual(masked(one.map((_, i) => (i === 0 ? 0 : 500 - i))));
  });

  it("masks both rows of two hashes, or neither", () => {
    const pairs = (rows: Int32Array) =>
      Array.from({ length: rows.length / 2 }, (_, i) => [rows[2 * i], rows[2 * i + 1]]);
    const rows = new Int32Array(20_000).fill(5);
    maskRows(rows, 0, streams.stepKey(1, 1, 1000), 0.2, 2);
    const items = new Int32Array(20_000).fill(5);
    const ordinals = Int32Array.from({ length: 10_000 }, (_, i) => i);
    maskItems(items, ordinals, 2, 12345, 0.2, 2);
    for (const found of [pairs(rows), pairs(items)]) {
      expect(found.every(([one, other]) => one === other)).toBe(true);
      expect(found.filter(([one]) => one === 0).length / 10_000).toBeCloseTo(0.2, 1);
    }
  });

  it("drops out so that the mean stays", () => {
    const mask = dropoutMask(50_000, 0.25, streams.stepKey(3, 4, 5));
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(mask.reduce((sum, value) => sum + value) / mask.length).toBeCloseTo(1, 1);
  });
});

describe("the share of a row in the loss", () => {
  const tasks = [
    { label: "click", kind: "binary", weight: 1, where: null },
    { label: "like", kind: "binary", weight: 0.5, where: "click" },
  ] as const;
  const labels = { click: Float32Array.of(1, 0, Number.NaN, 1), like: Float32Array.of(1, 1, 1, Number.NaN) };

  it("is 0 where the label is missing or its gate is shut; the others sum to 1, by their weights", () => {
    const weights = labelWeights([...tasks], labels, Float32Array.of(1, 2, 5, 1));
    expect([...weights.click]).toEqual([0.25, 0.5, 0, 0.25]);
    expect([...weights.like]).toEqual([1, 0, 0, 0]);
  });

  it("of a label that comes through another is of rows where that is known; there a missing one counts where that is 0", () => {
    const through = [
      { label: "click", kind: "binary", weight: 1, where: null },
      { label: "buy", kind: "binary", weight: 1, through: "click", where: null },
    ] as const;
    const missing = Number.NaN;
    const labels = { click: Float32Array.of(1, 0, 0, 1, missing), buy: Float32Array.of(1, 0, missing, missing, 0) };
    const found = labelWeights([...through], labels, Float32Array.of(1, 1, 2, 1, 1));
    expect([...found.buy]).toEqual([0.25, 0.25, 0.5, 0, 0]);
  });

  it("is 0 everywhere where no row counts", () => {
    const none = { click: Float32Array.of(0, 0), like: Float32Array.of(1, 1) };
    expect([...labelWeights([...tasks], none, Float32Array.of(1, 1)).like]).toEqual([0, 0]);
  });
});

describe("early stopping", () => {
  const metrics = (auc: number, logloss: number, drawn = 0): TaskMetrics[] => [
    {
      label: "watch",
      kind: "regression",
      rows: 9,
      drawn: 0,
      auc: Number.NaN,
      gauc: Number.NaN,
      logloss: Number.NaN,
      rmse: 2,
    },
    { label: "click", kind: "binary", rows: 9, drawn, auc, gauc: auc, logloss, rmse: Number.NaN },
  ];

  it("counts evaluations since the best, up for AUC and down for losses", () => {
    const run = (on: "auc" | "logloss", values: readonly [number, number][]) =>
      values.reduce(
        (state, [auc, loss], i) => evaluated(state, measureOf({ after: 2, on }, metrics(auc, loss)), i + 1),
        notYet,
      );
    const values: [number, number][] = [
      [0.6, 0.5],
      [0.7, 0.6],
      [0.65, 0.7],
      [0.7, 0.4],
    ];
    expect(run("auc", values)).toEqual({ best: 0.7, bestStep: 2, waited: 2 });
    expect(run("logloss", values)).toEqual({ best: 0.4, bestStep: 4, waited: 0 });
  });

  it("goes by the logloss where negatives are drawn, whatever it was told, and not by an earlier best of another kind", () => {
    const measure = (auc: number, loss: number) => measureOf({ after: 2, on: "auc" }, metrics(auc, loss, 4));
    expect(measure(0.9, 0.5)).toEqual({ name: "logloss", label: "click", value: 0.5, drawn: true });
    const values: [number, number][] = [
      [0.9, 0.5],
      [0.7, 0.4],
      [0.95, 0.6],
    ];
    const end = values.reduce((state, [auc, loss], i) => evaluated(state, measure(auc, loss), i + 1), notYet);
    expect(end).toEqual({ best: 0.4, bestStep: 2, waited: 1, drawnBy: "logloss" });
    // A checkpoint of a version that went by AUC without the offset: nothing is compared with its best.
    const earlier = { best: 0.3, bestStep: 7, waited: 1 };
    expect(evaluated(earlier, measure(0.8, 0.45), 9)).toEqual({
      best: 0.45,
      bestStep: 9,
      waited: 0,
      drawnBy: "logloss",
    });
  });

  it("refuses a measure that is not defined, and says why", () => {
    const nothing = measureOf({ after: 2, on: "auc" }, metrics(Number.NaN, 1));
    expect(() => evaluated(notYet, nothing, 1)).toThrow(
      /auc of click is not defined on the validation part: all its rows/,
    );
  });
});
