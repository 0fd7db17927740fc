// Rows in the order of their scores: a radix sort over the bits of floats, for millions of rows.

/** Scores, probabilities, weights: one a row. */
export type Column = Float32Array | Float64Array;

/** Below this many rows a comparison sort is faster than counting digits. */
const few = 4096;

/**
 * The permutation that puts the values in ascending order; equal values (−0 and 0 are equal) stay in theirs.
 * @throws RangeError where a value is no number
 */
export function ascending(values: Column): Uint32Array {
  const count = values.length;
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(values[i])) {
      throw new RangeError(`value ${i} is no number and has no place in an order`);
    }
  }
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    order[i] = i;
  }
  if (count < few) {
    return order.sort((a, b) => values[a] - values[b] || a - b);
  }
  return digitsOf(values).reduce(byDigits, order);
}

/** The 32-bit words of each value, least significant first, so that they order as the values do. */
function digitsOf(values: Column): Uint32Array[] {
  const count = values.length;
  if (values instanceof Float32Array) {
    // Adding 0 makes −0 and 0 the same.
    const words = new Uint32Array(values.map((value) => value + 0).buffer);
    for (let i = 0; i < count; i++) {
      words[i] = words[i] >>> 31 === 1 ? ~words[i] : words[i] | 0x80000000;
    }
    return [words];
  }
  const pairs = new Uint32Array(values.map((value) => value + 0).buffer);
  const [low, high] = [new Uint32Array(count), new Uint32Array(count)];
  for (let i = 0; i < count; i++) {
    const negative = pairs[2 * i + 1] >>> 31 === 1;
    low[i] = negative ? ~pairs[2 * i] : pairs[2 * i];
    high[i] = negative ? ~pairs[2 * i + 1] : pairs[2 * i + 1] | 0x80000000;
  }
  return [low, high];
}

/** Two stable passes of 16 bits over one word. */
function byDigits(order: Uint32Array, words: Uint32Array): Uint32Array {
  let from = order;
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (let i = 0; i < words.length; i++) {
      starts[((words[i] >>> shift) & 0xffff) + 1]++;
    }
    if (starts.includes(words.length)) {
      continue;
    }
    for (let digit = 0; digit < 65536; digit++) {
      starts[digit + 1] += starts[digit];
    }
    const to = new Uint32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      to[starts[(words[from[i]] >>> shift) & 0xffff]++] = from[i];
    }
    from = to;
  }
  return from;
}

/** Rows by group, in the given order within each: rows of group g are `order[starts[g] … starts[g + 1] − 1]`. */
export interface Grouped {
  readonly order: Uint32Array;
  readonly starts: Uint32Array;
}

/** @param group of each row, 0 … groups−1 @param order rows, each at most once */
export function grouped(order: Uint32Array, group: Uint32Array, groups: number): Grouped {
  const starts = new Uint32Array(groups + 1);
  for (let i = 0; i < order.length; i++) {
    starts[group[order[i]] + 1]++;
  }
  for (let g = 0; g < groups; g++) {
    starts[g + 1] += starts[g];
  }
  const next = starts.slice(0, groups);
  const sorted = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    sorted[next[group[order[i]]]++] = order[i];
  }
  return { order: sorted, starts };
}
