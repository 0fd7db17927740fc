// Whole numbers that are drawn as often as their logarithms lie apart: how many behaviours a sample sees in a step.

/** n in min … max with a probability in proportion to 1 / n. By sums and quotients alone: the same on every machine. */
export class LogUniform {
  readonly #min: number;
  /** Σ 1 / i for i in min … min + place. */
  readonly #sums: Float64Array;

  constructor({ min, max }: { readonly min: number; readonly max: number }) {
    this.#min = min;
    this.#sums = new Float64Array(max - min + 1);
    let sum = 0;
    for (let n = min; n <= max; n++) {
      sum += 1 / n;
      this.#sums[n - min] = sum;
    }
  }

  /** @param u uniform in [0, 1) */
  at(u: number): number {
    const sums = this.#sums;
    const wanted = u * sums[sums.length - 1];
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] > wanted) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return this.#min + low;
  }
}
