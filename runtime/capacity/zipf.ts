// How often the commonest of many are asked for, where the r-th most common one comes 1/r^s as often as the first (Zipf).

/** Terms that are added one by one; beyond them the sum is an integral within a millionth. */
const exact = 4096;

/** Σ r^−s for r = 1 … n */
function harmonic(n: number, s: number): number {
  let sum = 0;
  const whole = Math.min(n, exact);
  for (let r = 1; r <= whole; r++) {
    sum += r ** -s;
  }
  if (n <= exact) {
    return sum;
  }
  const [from, to] = [exact + 0.5, n + 0.5];
  return sum + (s === 1 ? Math.log(to / from) : (to ** (1 - s) - from ** (1 - s)) / (1 - s));
}

/** The share of requests that the `most` commonest of `n` answer. */
export const commonest = (most: number, n: number, s: number): number =>
  most >= n ? 1 : most < 1 ? 0 : harmonic(Math.floor(most), s) / harmonic(n, s);
