// Calibrations: what is fitted is the best of its form, rises, and gives planted probabilities back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calibrated, calibrationFault, calibrationShape, knots, noCalibration } from "../../contract/calibration.ts";
import { type CalibrationRows, fitCalibration, NoCalibration } from "../../runtime/metrics/fit-calibration.ts";
import { numbers } from "../kit/rank-model.ts";

const kinds = ["platt", "isotonic"] as const;
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

interface Planted {
  readonly rows?: number;
  readonly seed?: number;
  /** Of the label, by the logit. */
  readonly odds: (z: number) => number;
  readonly offset?: (next: () => number) => number;
  readonly weight?: (next: () => number) => number;
}

function planted({ rows = 20_000, seed = 1, odds, offset = () => 0, weight = () => 1 }: Planted): CalibrationRows {
  const next = numbers(seed);
  const logit = Float32Array.from({ length: rows }, () => 6 * next() - 4);
  const shift = logit.map(() => offset(next));
  return {
    logit,
    offset: shift,
    label: logit.map((z, i) => Number(next() < sigmoid(odds(z) + shift[i]))),
    weight: logit.map(() => weight(next)),
  };
}

function loss({ logit, offset, label, weight }: CalibrationRows, odds: (z: number) => number): number {
  let [sum, all] = [0, 0];
  logit.forEach((z, i) => {
    const c = odds(z) + offset[i];
    sum += weight[i] * (Math.log1p(Math.exp(-Math.abs(c))) + Math.max(c, 0) - label[i] * c);
    all += weight[i];
  });
  return sum / all;
}

describe.each(kinds)("%s", (kind) => {
  const by = (values: Float32Array) => (z: number) => calibrated(kind, values, z);

  it("changes nothing before it is fitted", () => {
    const values = Float32Array.from(noCalibration(kind));
    expect(values).toHaveLength(calibrationShape(kind).reduce((a, b) => a * b));
    expect(calibrationFault(kind, values)).toBeNull();
    for (const z of [-15.5, -3.25, -0.1, 0, 1.7, 15.5]) {
      expect(by(values)(z)).toBeCloseTo(z, 6);
    }
  });

  it("finds the line that was planted, also behind offsets, and whatever rows weigh", () => {
    const odds = (z: number) => 0.6 * z - 1.1;
    const all = planted({
      odds,
      rows: 60_000,
      offset: (next) => (next() < 0.5 ? 0 : 2 + next()),
      weight: (next) => 0.01 * (next() < 0.2 ? 0 : 0.5 + next()),
    });
    const found = by(fitCalibration(kind, all));
    for (const z of [-3.5, -2, -1, 0, 1]) {
      expect(Math.abs(found(z) - odds(z))).toBeLessThan(0.2);
    }
    expect(loss(all, found)).toBeLessThan(loss(all, odds) + 1e-3);
  });

  it("lowers the loss of what was too sure, never gives a falling curve, and does not depend on the rows' order", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 1, max: 1e6 }),
          rows: fc.constantFrom(150, 700, 5000),
          slope: fc.double({ min: 0.2, max: 2, noNaN: true }),
          steps: fc.constantFrom(0, 3),
        }),
        ({ seed, rows, slope, steps }) => {
          const all = planted({ seed, rows, odds: (z) => slope * z + 0.5 });
          if (steps > 0) {
            all.logit.forEach((z, i) => {
              all.logit[i] = Math.round(steps * z) / steps;
            });
          }
          const values = fitCalibration(kind, all);
          expect(calibrationFault(kind, values)).toBeNull();
          expect(loss(all, by(values))).toBeLessThanOrEqual(loss(all, (z) => z) + 0.02);
          const turned = (column: Float32Array) => column.toReversed();
          const { logit, offset, label, weight } = all;
          const again = fitCalibration(kind, {
            logit: turned(logit),
            offset: turned(offset),
            label: turned(label),
            weight: turned(weight),
          });
          again.forEach((value, i) => {
            expect(Math.abs(value - values[i])).toBeLessThan(1e-3);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it("says why there is none", () => {
    const all = planted({ rows: 400, odds: () => -9 });
    expect(() => fitCalibration(kind, all)).toThrow(/[0-9] rows with a 1 and 4?[0-9]+ with a 0, and 20 of each/);
    const reversed = planted({ rows: 4000, odds: (z) => -z });
    expect(() => fitCalibration(kind, reversed)).toThrow(NoCalibration);
    expect(() => fitCalibration(kind, reversed)).toThrow(/do not rise with the logit/);
    const constant = { ...all, logit: all.logit.map(() => 2), label: all.label.map((_, i) => i % 2) };
    expect(() => fitCalibration("isotonic", constant)).toThrow(/do not rise with the logit/);
  });
});

describe("platt", () => {
  it("is where the likelihood of Platt's targets is flat", () => {
    const all = planted({ rows: 3000, odds: (z) => 0.4 * z + 0.3, weight: (next) => 1 + next() });
    const [a, b] = fitCalibration("platt", all);
    const ones = all.label.reduce((sum, one) => sum + one, 0);
    const targets = [1 / (all.label.length - ones + 2), (ones + 1) / (ones + 2)];
    let [ga, gb] = [0, 0];
    all.logit.forEach((z, i) => {
      const g = all.weight[i] * (sigmoid(a * z + b) - targets[all.label[i]]);
      ga += g * z;
      gb += g;
    });
    expect(Math.abs(ga)).toBeLessThan(0.01);
    expect(Math.abs(gb)).toBeLessThan(0.01);
  });
});

describe("isotonic", () => {
  it("is the best rising curve of its bins: as the minimum over all ways to part them", () => {
    const next = numbers(5);
    for (let trial = 0; trial < 30; trial++) {
      // Five values of the logit with 60 rows each; their shares in any order.
      const shares = Array.from({ length: 5 }, () => Math.round(4 + 52 * next()));
      const cells = shares.flatMap((ones, v) => Array.from({ length: 60 }, (_, i) => ({ z: v, y: Number(i < ones) })));
      const all: CalibrationRows = {
        logit: Float32Array.from(cells, ({ z }) => z),
        offset: new Float32Array(cells.length),
        label: Float32Array.from(cells, ({ y }) => y),
        weight: new Float32Array(cells.length).fill(1),
      };
      const base = shares.reduce((a, b) => a + b) / 300;
      // Each value is given one row of the base rate.
      const rate = (values: readonly number[]) => values.reduce((sum, v) => sum + shares[v], 0) / (60 * values.length);
      const best = Array.from({ length: 16 }, (_, cuts) => {
        const blocks: number[][] = [[0]];
        for (let v = 1; v < 5; v++) {
          if ((cuts >> (v - 1)) & 1) {
            blocks.push([]);
          }
          blocks.at(-1)!.push(v);
        }
        const fitted = blocks.map((block) => ({ block, c: root(60 * block.length, block.length, rate(block), base) }));
        const rises = fitted.every(({ c }, i) => i === 0 || c > fitted[i - 1].c);
        const cost = fitted.reduce(
          (sum, { block, c }) => sum + block.reduce((s, v) => s + penalty(c, shares[v], base), 0),
          0,
        );
        return { fitted, cost: rises ? cost : Number.POSITIVE_INFINITY };
      }).toSorted((a, b) => a.cost - b.cost)[0];
      if (best.fitted.length === 1) {
        expect(() => fitCalibration("isotonic", all)).toThrow(/do not rise/);
        continue;
      }
      const values = fitCalibration("isotonic", all);
      best.fitted.forEach(({ block, c }, k) => {
        expect(values[k]).toBeCloseTo(block.reduce((a, b) => a + b) / block.length, 5);
        expect(values[knots + k]).toBeCloseTo(c, 5);
      });
      expect(values[knots + best.fitted.length]).toBe(values[knots + best.fitted.length - 1]);
    }
  });
});

const logit = (p: number): number => Math.log(p / (1 - p));

/** The loss of 60 rows of a value, and of one that is as the whole. */
function penalty(c: number, ones: number, base: number): number {
  const softplus = (z: number) => Math.log1p(Math.exp(z));
  const apart = c - logit(base);
  return ones * softplus(-c) + (60 - ones) * softplus(c) + softplus(apart) - apart / 2;
}

function root(rows: number, bins: number, rate: number, base: number): number {
  let [low, high] = [-30, 30];
  for (let i = 0; i < 200; i++) {
    const c = (low + high) / 2;
    const excess = rows * (sigmoid(c) - rate) + bins * (sigmoid(c - logit(base)) - 0.5);
    [low, high] = excess < 0 ? [c, high] : [low, c];
  }
  return low;
}
