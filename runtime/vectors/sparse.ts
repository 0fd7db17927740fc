// Symmetric sparse matrices: rows of their entries one after the other, and the positive mutual information of pairs.

/** [size, size]: row i holds `values` at `columns`, both from `starts[i]` to `starts[i + 1]`. */
export interface SparseSymmetric {
  readonly size: number;
  readonly starts: Float64Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** How often two items occurred together: each pair once, `low` ≤ `high`. */
export interface PairCounts {
  /** Items; pairs are of 0 … size−1. */
  readonly size: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly counts: Float64Array;
}

/**
 * Shifted positive pointwise mutual information (Levy & Goldberg 2014, eq. 11): max(0, ln(#(a,b) · D / (#(a) · #(b))) − ln shift),
 * with #(a) the sum of a's counts and D that of all. What is 0 has no entry.
 * @param shift the number of negatives that word2vec would draw a pair; 1 shifts nothing
 */
export function positiveInformation({ size, low, high, counts }: PairCounts, shift = 1): SparseSymmetric {
  const totals = new Float64Array(size);
  let all = 0;
  for (let pair = 0; pair < counts.length; pair++) {
    // A pair of an item with itself stands on the diagonal, and there once.
    const sides = low[pair] === high[pair] ? 1 : 2;
    totals[low[pair]] += counts[pair];
    if (sides === 2) {
      totals[high[pair]] += counts[pair];
    }
    all += sides * counts[pair];
  }
  const information = Float64Array.from(counts, (count, pair) =>
    Math.max(0, Math.log((count * all) / (totals[low[pair]] * totals[high[pair]])) - Math.log(shift)),
  );
  return symmetric(size, low, high, information);
}

/** The matrix of pairs, each once; entries that are 0 are left out. */
function symmetric(size: number, low: Int32Array, high: Int32Array, of: Float64Array): SparseSymmetric {
  const starts = new Float64Array(size + 1);
  const each = (entry: (row: number, column: number, value: number) => void): void => {
    for (let pair = 0; pair < of.length; pair++) {
      if (of[pair] > 0) {
        entry(low[pair], high[pair], of[pair]);
        if (low[pair] !== high[pair]) {
          entry(high[pair], low[pair], of[pair]);
        }
      }
    }
  };
  each((row) => starts[row + 1]++);
  for (let row = 0; row < size; row++) {
    starts[row + 1] += starts[row];
  }
  const next = starts.slice();
  const columns = new Int32Array(starts[size]);
  const values = new Float64Array(starts[size]);
  each((row, column, value) => {
    const at = next[row]++;
    columns[at] = column;
    values[at] = value;
  });
  return { size, starts, columns, values };
}

/** Multiplications between two pauses. */
const pace = 1 << 27;

/**
 * Matrix · dense [size, width] → [size, width]: eight columns at a time, each sum in the order of a row's entries.
 * @yields the share that is done
 */
export function* timesDense(
  matrix: SparseSymmetric,
  dense: Float64Array,
  width: number,
): Generator<number, Float64Array> {
  const { size, starts, columns, values } = matrix;
  const result = new Float64Array(size * width);
  let paused = 0;
  for (let row = 0; row < size; row++) {
    if ((starts[row] - paused) * width > pace) {
      paused = starts[row];
      yield row / size;
    }
    const [first, end] = [starts[row], starts[row + 1]];
    let i = 0;
    for (; i + 7 < width; i += 8) {
      let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let at = first; at < end; at++) {
        const value = values[at];
        const from = columns[at] * width + i;
        s0 += value * dense[from];
        s1 += value * dense[from + 1];
        s2 += value * dense[from + 2];
        s3 += value * dense[from + 3];
        s4 += value * dense[from + 4];
        s5 += value * dense[from + 5];
        s6 += value * dense[from + 6];
        s7 += value * dense[from + 7];
      }
      result.set([s0, s1, s2, s3, s4, s5, s6, s7], row * width + i);
    }
    for (; i < width; i++) {
      let sum = 0;
      for (let at = first; at < end; at++) {
        sum += values[at] * dense[columns[at] * width + i];
      }
      result[row * width + i] = sum;
    }
  }
  return result;
}
