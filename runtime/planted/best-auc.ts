// The AUC that a model which knew the true probabilities would reach: the limit of what can be learnt from the data.

/** Collects (truth, label) pairs in bins of 2^−16; ties within a bin count half, so the result is exact to about 1e−5. */
export class BestAuc {
  static readonly #bins = 65_536;
  readonly #positive = new Float64Array(BestAuc.#bins);
  readonly #negative = new Float64Array(BestAuc.#bins);

  add(truth: number, label: boolean): void {
    const bin = Math.min(BestAuc.#bins - 1, Math.floor(truth * BestAuc.#bins));
    (label ? this.#positive : this.#negative)[bin]++;
  }

  /** NaN where one class is missing. */
  value(): number {
    let below = 0;
    let ordered = 0;
    let positives = 0;
    for (let bin = 0; bin < BestAuc.#bins; bin++) {
      ordered += this.#positive[bin] * (below + this.#negative[bin] / 2);
      below += this.#negative[bin];
      positives += this.#positive[bin];
    }
    return ordered / (positives * below);
  }
}
