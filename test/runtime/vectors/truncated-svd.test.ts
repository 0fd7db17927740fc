// Vectors from co-occurrence: mutual information as its formula says, singular values that are known, planted blocks.
import { describe, expect, it } from "vitest";
import { random } from "../../../contract/random.ts";
import {
  type PairCounts,
  positiveInformation,
  type SparseSymmetric,
  timesDense,
} from "../../../runtime/vectors/sparse.ts";
import { type TruncatedSvd, truncatedSvdSteps } from "../../../runtime/vectors/truncated-svd.ts";

function inOneGo<T>(steps: Generator<number, T>): T {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      return step.value;
    }
  }
}

const svd = (matrix: SparseSymmetric, rank: number, seed = 1): TruncatedSvd =>
  inOneGo(truncatedSvdSteps(matrix, rank, { random: random(seed) }));

function pairsOf(size: number, count: (low: number, high: number) => number): PairCounts {
  const pairs = Array.from({ length: size }, (_, low) =>
    Array.from({ length: size - low }, (_, i) => ({ low, high: low + i, count: count(low, low + i) })),
  )
    .flat()
    .filter((pair) => pair.count > 0);
  return {
    size,
    low: Int32Array.from(pairs, ({ low }) => low),
    high: Int32Array.from(pairs, ({ high }) => high),
    counts: Float64Array.from(pairs, ({ count }) => count),
  };
}

/** As rows of rows. */
function dense(matrix: SparseSymmetric): number[][] {
  const { size } = matrix;
  const one = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
  const flat = inOneGo(timesDense(matrix, one, size));
  return Array.from({ length: size }, (_, row) => [...flat.subarray(row * size, (row + 1) * size)]);
}

/** A square matrix that is given whole. */
function sparse(rows: readonly (readonly number[])[]): SparseSymmetric {
  return {
    size: rows.length,
    starts: Float64Array.from({ length: rows.length + 1 }, (_, row) => row * rows.length),
    columns: Int32Array.from(rows.flatMap((row) => row.map((_, column) => column))),
    values: Float64Array.from(rows.flat()),
  };
}

describe("positive mutual information", () => {
  it.each([1, 2])("is its formula, shifted by ln %d", (shift) => {
    const draw = random(3);
    const counts = pairsOf(8, () => draw.below(4));
    const all = Array.from({ length: 8 }, () => new Array<number>(8).fill(0));
    counts.counts.forEach((count, pair) => {
      all[counts.low[pair]][counts.high[pair]] = count;
      all[counts.high[pair]][counts.low[pair]] = count;
    });
    const total = (row: readonly number[]) => row.reduce((sum, count) => sum + count, 0);
    const sum = total(all.map(total));
    const found = dense(positiveInformation(counts, shift));
    for (let a = 0; a < 8; a++) {
      for (let b = 0; b < 8; b++) {
        const ratio = (all[a][b] * sum) / (total(all[a]) * total(all[b]) * shift);
        expect(found[a][b]).toBeCloseTo(ratio > 1 ? Math.log(ratio) : 0, 12);
      }
    }
  });
});

describe("the truncated SVD", () => {
  it("finds the greatest singular values and their vectors, negative eigenvalues among them", () => {
    // H diag(λ) H with H = 1 − 2vvᵀ, a reflection: eigenvalues and eigenvectors are known.
    const size = 40;
    const draw = random(4);
    const raw = Array.from({ length: size }, () => draw.normal());
    const norm = Math.hypot(...raw);
    const v = raw.map((one) => one / norm);
    const h = v.map((a, i) => v.map((b, j) => (i === j ? 1 : 0) - 2 * a * b));
    const lambda = v.map((_, i) => (i % 2 === 0 ? 1 : -1) * 30 * 0.7 ** i);
    const matrix = h.map((row) => h.map((_, j) => row.reduce((sum, one, k) => sum + one * lambda[k] * h[j][k], 0)));
    const rank = 6;
    const { values, vectors } = svd(sparse(matrix), rank);
    for (let k = 0; k < rank; k++) {
      expect(values[k]).toBeCloseTo(Math.abs(lambda[k]), 8);
      const found = Array.from({ length: size }, (_, row) => vectors[row * rank + k]);
      expect(Math.abs(found.reduce((sum, one, row) => sum + one * h[row][k], 0))).toBeCloseTo(1, 8);
      const greatest = found.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most));
      expect(greatest).toBeGreaterThan(0);
    }
  });

  it("is zeros beyond the matrix's own rank, and of a matrix of zeros, and of none", () => {
    const one = svd(
      sparse([
        [1, 2],
        [2, 4],
      ]),
      4,
    );
    expect(one.values[0]).toBeCloseTo(5, 12);
    expect([...one.values.subarray(1)]).toEqual([0, 0, 0]);
    expect(one.vectors[0]).toBeCloseTo(1 / Math.sqrt(5), 12);
    expect([...one.vectors.subarray(1, 4)]).toEqual([0, 0, 0]);
    expect(
      svd(
        sparse([
          [0, 0],
          [0, 0],
        ]),
        2,
      ),
    ).toEqual({ values: new Float64Array(2), vectors: new Float64Array(4) });
    expect(svd(sparse([]), 2)).toEqual({ values: new Float64Array(2), vectors: new Float64Array(0) });
  });

  it("gives the same bytes by the same seed, and close ones by another", () => {
    const draw = random(6);
    const matrix = positiveInformation(pairsOf(30, () => draw.below(5)));
    expect(svd(matrix, 5, 2)).toEqual(svd(matrix, 5, 2));
    expect(svd(matrix, 5, 3).values[0]).toBeCloseTo(svd(matrix, 5, 2).values[0], 6);
  });

  it("puts items of one planted block closer to each other than to others", () => {
    const blocks = 4;
    const size = 48;
    const draw = random(5);
    const counts = pairsOf(size, (a, b) => draw.below(a % blocks === b % blocks ? 12 : 3));
    const rank = 8;
    const { values, vectors } = svd(positiveInformation(counts), rank);
    const item = (row: number) => Array.from(values, (value, k) => vectors[row * rank + k] * Math.sqrt(value));
    const items = Array.from({ length: size }, (_, row) => item(row));
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, one, i) => sum + one * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
    items.forEach((one, row) => {
      const others = items.map((other, at) => ({ at, near: at === row ? -2 : cosine(one, other) }));
      const nearest = others.sort((x, y) => y.near - x.near)[0].at;
      expect(nearest % blocks).toBe(row % blocks);
    });
  });

  it("says how far it is, up to all", () => {
    const shares = [
      ...truncatedSvdSteps(
        sparse([
          [1, 0],
          [0, 2],
        ]),
        1,
        { random: random(1), rounds: 2 },
      ),
    ];
    expect(shares).toEqual([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1]);
  });
});
