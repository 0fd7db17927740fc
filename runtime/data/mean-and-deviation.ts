// Mean and standard deviation of counted values in one walk, exact to a few units of float64 also where all lie far from zero.

/** Values that are taken together: their mean is known before their deviations are summed. */
const together = 4096;

export class MeanAndDeviation {
  /** A power of two: values are held as parts of it, so that no square is beyond float64. */
  readonly #unit: number;
  readonly #values = new Float64Array(together);
  readonly #counts = new Float64Array(together);
  #filled = 0;
  #count = 0;
  #mean = 0;
  /** Sum of the squared deviations from the mean. */
  #squares = 0;

  /** @param largest magnitude of a value */
  constructor(largest: number) {
    this.#unit = largest > 0 ? 2 ** Math.floor(Math.log2(largest)) : 1;
  }

  add(value: number, count: number): void {
    this.#values[this.#filled] = value / this.#unit;
    this.#counts[this.#filled] = count;
    this.#filled++;
    if (this.#filled === together) {
      this.#merge();
    }
  }

  /** Two passes over the block; then Chan, Golub and LeVeque's rule joins it to what came before. */
  #merge(): void {
    const [values, counts, filled] = [this.#values, this.#counts, this.#filled];
    this.#filled = 0;
    let count = 0;
    for (let i = 0; i < filled; i++) {
      count += counts[i];
    }
    const origin = values[0];
    let sum = 0;
    for (let i = 0; i < filled; i++) {
      sum += (values[i] - origin) * (counts[i] / count);
    }
    const mean = origin + sum;
    let squares = 0;
    let rest = 0;
    for (let i = 0; i < filled; i++) {
      const apart = values[i] - mean;
      squares += apart * apart * counts[i];
      rest += apart * counts[i];
    }
    squares -= (rest * rest) / count;
    const apart = mean - this.#mean;
    const all = this.#count + count;
    this.#mean += apart * (count / all);
    this.#squares += squares + apart * apart * this.#count * (count / all);
    this.#count = all;
  }

  /**
   * The deviation of the values themselves (divided by their number), as scikit-learn's `StandardScaler` has it; 0 where all are
   * equal, or where they are no further apart than float64 can tell. Without values both are 0.
   */
  end(): { readonly mean: number; readonly deviation: number } {
    if (this.#filled > 0) {
      this.#merge();
    }
    if (this.#count === 0) {
      return { mean: 0, deviation: 0 };
    }
    const deviation = Math.sqrt(Math.max(0, this.#squares) / this.#count);
    const constant = deviation <= Math.abs(this.#mean) * 2 ** -51;
    return { mean: this.#mean * this.#unit, deviation: constant ? 0 : deviation * this.#unit };
  }
}
