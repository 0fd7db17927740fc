// The greatest singular values of a symmetric sparse matrix, and their vectors: a randomised range finder with subspace
// iteration (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.3). The same bytes on every machine.
import type { Random } from "../../contract/random.ts";
import { type SparseSymmetric, timesDense } from "./sparse.ts";

export interface TruncatedSvd {
  /** [rank], descending. */
  readonly values: Float64Array;
  /** [size, rank]: of each vector the greatest element, of equal ones the first, is positive; zeros where the value is 0. */
  readonly vectors: Float64Array;
}

/** Columns beyond the rank that the range is found with. */
const oversampling = 10;

/**
 * @param rank singular values wanted; beyond the matrix's own rank values and vectors are 0
 * @param rounds of subspace iteration: two products each
 * @yields the share that is done: the place to show it or to stop
 */
export function* truncatedSvdSteps(
  matrix: SparseSymmetric,
  rank: number,
  { random, rounds = 6 }: { readonly random: Random; readonly rounds?: number | undefined },
): Generator<number, TruncatedSvd> {
  const { size } = matrix;
  const width = Math.min(size, rank + oversampling);
  let basis: Float64Array = Float64Array.from({ length: size * width }, () => random.normal());
  const products = 2 * rounds + 2;
  for (let product = 1; product < products; product++) {
    basis = yield* part(timesDense(matrix, basis, width), product - 1, products);
    orthonormalise(basis, size, width);
    yield product / products;
  }
  const last = yield* part(timesDense(matrix, basis, width), products - 1, products);
  const { values, vectors } = eigen(projected(basis, last, size, width), width);
  yield 1;
  // Singular values of a symmetric matrix are its eigenvalues without their signs.
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
  const least = 1e-12 * Math.abs(values[order[0] ?? 0] ?? 0);
  const result = { values: new Float64Array(rank), vectors: new Float64Array(size * rank) };
  for (let k = 0; k < Math.min(rank, width); k++) {
    const from = order[k];
    const value = Math.abs(values[from]);
    if (value <= least) {
      break;
    }
    result.values[k] = value;
    for (let row = 0; row < size; row++) {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        sum += basis[row * width + i] * vectors[i * width + from];
      }
      result.vectors[row * rank + k] = sum;
    }
    pointUp(result.vectors, size, rank, k);
  }
  return result;
}

/** Steps of one of several jobs: the share of all. */
function* part<T>(steps: Generator<number, T>, done: number, all: number): Generator<number, T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      return step.value;
    }
    yield (done + step.value) / all;
  }
}

/** Makes the columns of x [size, width] orthonormal, twice over (Gram & Schmidt); those that depend on others become 0. */
function orthonormalise(x: Float64Array, size: number, width: number): void {
  // Column by column in memory: each is read width times.
  const columns = transposed(x, size, width);
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let at = 0; at < size; at++) {
      sum += columns[a + at] * columns[b + at];
    }
    return sum;
  };
  for (let column = 0; column < width * size; column += size) {
    const before = dot(column, column);
    for (let again = 0; again < 2; again++) {
      for (let other = 0; other < column; other += size) {
        const share = dot(column, other);
        for (let at = 0; at < size; at++) {
          columns[column + at] -= share * columns[other + at];
        }
      }
    }
    const left = dot(column, column);
    const scale = left > 1e-24 * before ? 1 / Math.sqrt(left) : 0;
    for (let at = column; at < column + size; at++) {
      columns[at] *= scale;
    }
  }
  x.set(transposed(columns, width, size));
}

/** [rows, width] → [width, rows]. */
function transposed(x: Float64Array, rows: number, width: number): Float64Array {
  const result = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      result[i * rows + row] = x[row * width + i];
    }
  }
  return result;
}

/** basisᵀ · product, [width, width], made symmetric to the bit. */
function projected(basis: Float64Array, product: Float64Array, size: number, width: number): Float64Array {
  const small = new Float64Array(width * width);
  for (let row = 0; row < size; row++) {
    for (let i = 0; i < width; i++) {
      const left = basis[row * width + i];
      for (let j = 0; j < width; j++) {
        small[i * width + j] += left * product[row * width + j];
      }
    }
  }
  return small.map((value, at) => (value + small[(at % width) * width + Math.floor(at / width)]) / 2);
}

/** Eigenvalues and, in columns, eigenvectors of a small symmetric matrix, by Jacobi's rotations (Golub & Van Loan, 8.5). */
function eigen(matrix: Float64Array, width: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    vectors[i * width + i] = 1;
  }
  const whole = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < width; p++) {
      for (let q = p + 1; q < width; q++) {
        off += a[p * width + q] ** 2;
        rotate(a, vectors, width, p, q);
      }
    }
    if (off <= 1e-30 * whole) {
      break;
    }
  }
  return { values: Float64Array.from({ length: width }, (_, i) => a[i * width + i]), vectors };
}

/** Turns the plane of p and q so that a[p, q] becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, width: number, p: number, q: number): void {
  const apq = a[p * width + q];
  if (apq === 0) {
    return;
  }
  const theta = (a[q * width + q] - a[p * width + p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (x: Float64Array, at: number, to: number): void => {
    const [left, right] = [x[at], x[to]];
    x[at] = c * left - s * right;
    x[to] = s * left + c * right;
  };
  for (let i = 0; i < width; i++) {
    turn(a, i * width + p, i * width + q);
    turn(vectors, i * width + p, i * width + q);
  }
  for (let i = 0; i < width; i++) {
    turn(a, p * width + i, q * width + i);
  }
  a[p * width + q] = 0;
  a[q * width + p] = 0;
}

/** Negates a column whose greatest element is negative. */
function pointUp(vectors: Float64Array, size: number, rank: number, column: number): void {
  let greatest = 0;
  for (let at = column; at < size * rank; at += rank) {
    if (Math.abs(vectors[at]) > Math.abs(greatest)) {
      greatest = vectors[at];
    }
  }
  for (let at = column; greatest < 0 && at < size * rank; at += rank) {
    vectors[at] = -vectors[at];
  }
}
