// The centroid nearest to a vector, by squared Euclidean distance in float64: the same one on every machine.

/** Whether a row is there: every element is finite. */
export function isPresent(rows: Float32Array, width: number, row: number): boolean {
  for (let at = row * width; at < (row + 1) * width; at++) {
    if (!Number.isFinite(rows[at])) {
      return false;
    }
  }
  return true;
}

/**
 * Squared distance of a row and a centroid: eight elements at a time, in a fixed order. A sum that exceeds `bound` is given as
 * it stood then, some number above the bound: sums of squares only grow.
 */
export function squaredDistance(
  rows: Float32Array,
  row: number,
  centroids: Float64Array,
  centroid: number,
  width: number,
  bound = Number.POSITIVE_INFINITY,
): number {
  let a = row * width;
  let b = centroid * width;
  const end = a + width;
  let sum = 0;
  for (const last = end - 7; a < last; a += 8, b += 8) {
    const d0 = rows[a] - centroids[b];
    const d1 = rows[a + 1] - centroids[b + 1];
    const d2 = rows[a + 2] - centroids[b + 2];
    const d3 = rows[a + 3] - centroids[b + 3];
    const d4 = rows[a + 4] - centroids[b + 4];
    const d5 = rows[a + 5] - centroids[b + 5];
    const d6 = rows[a + 6] - centroids[b + 6];
    const d7 = rows[a + 7] - centroids[b + 7];
    sum += d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3) + (d4 * d4 + d5 * d5 + (d6 * d6 + d7 * d7));
    if (sum > bound) {
      return sum;
    }
  }
  for (; a < end; a++, b++) {
    const difference = rows[a] - centroids[b];
    sum += difference * difference;
  }
  return sum;
}

/**
 * The centroid nearest to a row, of equal ones the lowest.
 * @param rows [n, width]
 * @param centroids [count, width], at least one
 * @param guess a centroid that may well be it: makes it faster, and changes nothing
 */
export function nearestCentroid(
  rows: Float32Array,
  row: number,
  centroids: Float64Array,
  width: number,
  count: number,
  guess = 0,
): { readonly centroid: number; readonly distance: number } {
  let best = guess;
  let least = squaredDistance(rows, row, centroids, guess, width);
  for (let one = 0; one < count; one++) {
    const distance = squaredDistance(rows, row, centroids, one, width, least);
    if (distance < least || (distance === least && one < best)) {
      best = one;
      least = distance;
    }
  }
  return { centroid: best, distance: least };
}
