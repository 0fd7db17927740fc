// How often values that two hashes encode share both rows with another value: the sum of their rows is then the same.

/** What came to a pair of rows, whichever features read the table. */
interface Pair {
  readonly mixed: number;
  /** Of the first value that came. */
  readonly mark: number;
  shared: boolean;
  readonly times: Map<string, number>;
}

/** Pairs that are held at most. Of more, those whose mixed bits end in zeros: a share that says nothing of what came to them. */
const mostPairs = 1 << 20;

export class RowPairs {
  readonly #most: number;
  readonly #pairs = new Map<number, Pair>();
  /** Bits of `mixed` that are 0 in all that is held. */
  #mask = 0;

  constructor(most = mostPairs) {
    this.#most = most;
  }

  /** @param rows from 1, in either order: sums do not tell @param mark tells values apart */
  add(feature: string, rows: readonly [number, number], mark: number, weight: number): void {
    const [low, high] = [Math.min(...rows), Math.max(...rows)];
    const mixed = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)) >>> 0;
    if ((mixed & this.#mask) !== 0) {
      return;
    }
    // Above 2^53 neighbours of a row are rounded to it: one in a billion values.
    const key = low * 2 ** 31 + high;
    const found = this.#pairs.get(key);
    if (found === undefined) {
      this.#pairs.set(key, { mixed, mark, shared: false, times: new Map([[feature, weight]]) });
      this.#thin();
      return;
    }
    found.shared ||= found.mark !== mark;
    found.times.set(feature, (found.times.get(feature) ?? 0) + weight);
  }

  found(feature: string): { readonly occurrences: number; readonly shared: number } {
    let [occurrences, shared] = [0, 0];
    for (const pair of this.#pairs.values()) {
      const times = pair.times.get(feature) ?? 0;
      occurrences += times;
      shared += pair.shared ? times : 0;
    }
    return { occurrences, shared };
  }

  #thin(): void {
    while (this.#pairs.size > this.#most) {
      this.#mask = 2 * this.#mask + 1;
      for (const [key, { mixed }] of this.#pairs) {
        if ((mixed & this.#mask) !== 0) {
          this.#pairs.delete(key);
        }
      }
    }
  }
}
