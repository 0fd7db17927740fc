// k-means against loops as plain as can be, planted groups, and every input that is no usual one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../../contract/random.ts";
import { type Clusters, kMeans, kMeansSteps } from "../../../runtime/vectors/k-means.ts";
import { nearestCentroid } from "../../../runtime/vectors/nearest-centroid.ts";

const rowsOf = (rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat());

const run = (rows: readonly (readonly number[])[], groups: number, seed = 1, rounds?: number): Clusters =>
  kMeans(rowsOf(rows), rows[0]?.length ?? 1, groups, { random: random(seed), rounds });

/** Σ of squared distances to the own centroid. */
function inertia(rows: Float32Array, width: number, { centroids, of }: Clusters): number {
  let sum = 0;
  of.forEach((one, row) => {
    for (let i = 0; one >= 0 && i < width; i++) {
      sum += (rows[row * width + i] - centroids[one * width + i]) ** 2;
    }
  });
  return sum;
}

describe("the nearest centroid", () => {
  it("is that of plain loops, whatever is guessed, ties to the lower", () => {
    // Small integers: ties are many, and every sum is exact.
    const integers = fc.integer({ min: -2, max: 2 });
    const inputs = fc
      .record({ width: fc.integer({ min: 1, max: 19 }), count: fc.integer({ min: 1, max: 9 }) })
      .chain(({ width, count }) =>
        fc.record({
          row: fc.array(integers, { minLength: width, maxLength: width }),
          centroids: fc.array(fc.array(integers, { minLength: width, maxLength: width }), {
            minLength: count,
            maxLength: count,
          }),
          guess: fc.integer({ min: 0, max: count - 1 }),
        }),
      );
    fc.assert(
      fc.property(inputs, ({ row, centroids, guess }) => {
        const far = centroids.map((one) => one.reduce((sum, value, i) => sum + (value - row[i]) ** 2, 0));
        const due = far.indexOf(Math.min(...far));
        const flat = Float64Array.from(centroids.flat());
        const found = nearestCentroid(Float32Array.from(row), 0, flat, row.length, centroids.length, guess);
        expect(found).toEqual({ centroid: due, distance: far[due] });
      }),
    );
  });
});

describe("k-means", () => {
  it("finds planted groups", () => {
    const draw = random(5);
    const rows = Array.from({ length: 200 }, (_, row) =>
      Array.from({ length: 10 }, (_, i) => (i === row % 4 ? 10 : 0) + draw.normal() / 4),
    );
    const { of, count, sizes } = run(rows, 4);
    expect(count).toBe(4);
    expect([...sizes]).toEqual([50, 50, 50, 50]);
    expect(of.every((one, row) => one === of[row % 4])).toBe(true);
  });

  it("gives the same bytes by the same seed, and others by another", () => {
    const draw = random(6);
    const rows = Array.from({ length: 300 }, () => [draw.next(), draw.next(), draw.next()]);
    expect(run(rows, 20, 3)).toEqual(run(rows, 20, 3));
    expect(run(rows, 20, 4).centroids).not.toEqual(run(rows, 20, 3).centroids);
  });

  it("keeps its numbers", () => {
    const draw = random(8);
    const rows = Array.from({ length: 12 }, () => [draw.next(), draw.next()]);
    const { of, sizes, rounds } = run(rows, 3, 2);
    expect({ of: [...of], sizes: [...sizes], rounds }).toMatchInlineSnapshot(`
      {
        "of": [
          0,
          1,
          2,
          2,
          0,
          1,
          2,
          2,
          1,
          0,
          0,
          2,
        ],
        "rounds": 1,
        "sizes": [
          4,
          3,
          5,
        ],
      }
    `);
  });

  it("lowers the sum of squares with every round, and stops where nothing changes", () => {
    const draw = random(7);
    const rows = Array.from({ length: 400 }, () => Array.from({ length: 5 }, () => draw.next()));
    const sums = [0, 1, 2, 4, 8, 100].map((rounds) => inertia(rowsOf(rows), 5, run(rows, 16, 1, rounds)));
    sums.slice(1).forEach((sum, i) => {
      expect(sum).toBeLessThanOrEqual(sums[i] * (1 + 1e-6));
    });
    expect(sums[5]).toBeLessThan(sums[0] * 0.95);
    expect(run(rows, 16, 1, 100).rounds).toBeLessThan(100);
  });

  it("holds on any rows: nearest centroids, centroids that are means, no empty cluster, no more than there are rows", () => {
    const value = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0.1, -1e-3, 1e4),
    );
    const inputs = fc
      .record({ width: fc.integer({ min: 1, max: 10 }), groups: fc.integer({ min: 1, max: 12 }) })
      .chain(({ width, groups }) =>
        fc.record({
          rows: fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 25 }),
          width: fc.constant(width),
          groups: fc.constant(groups),
          seed: fc.integer(),
        }),
      );
    fc.assert(
      fc.property(inputs, ({ rows, width, groups, seed }) => {
        const flat = rowsOf(rows);
        const found = kMeans(flat, width, groups, { random: random(seed), rounds: 100 });
        const there = rows.filter((row) => row.every(Number.isFinite));
        const different = new Set(there.map((row) => Float32Array.from(row, (one) => one + 0).join()));
        expect(found.count).toBeLessThanOrEqual(Math.min(groups, different.size));
        expect(found.count).toBeGreaterThan(there.length > 0 ? 0 : -1);
        const members = Array.from(found.sizes, () => [] as number[][]);
        rows.forEach((row, index) => {
          const own = found.of[index];
          expect(own >= 0).toBe(row.every(Number.isFinite));
          if (own >= 0) {
            const centroids = Float64Array.from(found.centroids);
            expect(nearestCentroid(flat, index, centroids, width, found.count).centroid).toBe(own);
            members[own].push([...flat.subarray(index * width, (index + 1) * width)]);
          }
        });
        expect(members.map((own) => own.length)).toEqual([...found.sizes]);
        expect([...found.sizes].every((size) => size > 0)).toBe(true);
        if (groups >= different.size) {
          // As many clusters as different rows: each is its own.
          expect(found.count).toBe(different.size);
          expect(inertia(flat, width, found)).toBe(0);
        }
      }),
    );
  });

  it("clusters equal rows as one, and nothing as nothing", () => {
    expect(run([[2], [2], [2]], 3)).toMatchObject({
      count: 1,
      centroids: Float32Array.of(2),
      of: Int32Array.of(0, 0, 0),
    });
    expect(run([], 3)).toMatchObject({ count: 0, of: new Int32Array(0) });
    expect(run([[Number.NaN]], 3)).toMatchObject({ count: 0, of: Int32Array.of(-1) });
  });

  it("fills a cluster that falls empty with the farthest row", () => {
    // Over many seeds Lloyd's rounds empty a cluster now and then; none may be lost while different rows are left.
    const draw = random(11);
    const rows = Array.from({ length: 30 }, () => [draw.below(1000), draw.below(1000)]);
    for (let seed = 0; seed < 200; seed++) {
      expect(run(rows, 15, seed).count).toBe(15);
    }
  });

  it("says how far it is, and can be left at any step", () => {
    const draw = random(12);
    const rows = Float32Array.from({ length: 3000 * 2 }, () => draw.next());
    const shares = [...kMeansSteps(rows, 2, 700, { random: random(1), rounds: 3 })];
    expect(shares.length).toBeGreaterThan(4);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
  });
});
