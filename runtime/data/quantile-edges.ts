// The edges that divide counted values into parts of equal size, from one walk over them in their order.

export class QuantileEdges {
  readonly #quantiles: number;
  readonly #total: number;
  readonly #edges: number[] = [];
  #least: number | null = null;
  #seen = 0;
  /** Of the next quantile, counted from 1. */
  #next = 1;
  /** The value before is so frequent that it gets a bucket of its own, which ends at the next one. */
  #frequent = false;

  /** @param total of all counts that will be added */
  constructor(quantiles: number, total: number) {
    this.#quantiles = quantiles;
    this.#total = total;
  }

  /** @param value above all before @param count how often it occurs */
  add(value: number, count: number): void {
    this.#least ??= value;
    this.#seen += count;
    let hits = 0;
    while (this.#next < this.#quantiles && Math.ceil((this.#next * this.#total) / this.#quantiles) <= this.#seen) {
      hits++;
      this.#next++;
    }
    if (hits > 0 || this.#frequent) {
      this.#edges.push(value);
    }
    this.#frequent = hits > 1;
  }

  /**
   * For i = 1 … quantiles − 1 the least value that at least i / quantiles of all values do not exceed (NumPy's `inverted_cdf`),
   * each once; behind a value that two or more of them fall on, the next value as well, so that it has a bucket of its own. The
   * least value of all is no edge, as nothing lies below, unless it is the only one. At most quantiles − 1, at least one.
   */
  end(): number[] {
    const above = this.#edges.filter((edge) => edge !== this.#least);
    return above.length > 0 ? above : [this.#least ?? 0];
  }
}
