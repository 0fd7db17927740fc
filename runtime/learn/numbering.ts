// Numbers what occurs in a batch: each value gets the place of its first occurrence, 0 always stands for 0.

/**
 * A stamp array instead of a hash map: what was noted in an earlier round has another stamp, so that nothing is cleared.
 * Value 0 (the unknown item, the unknown row) is number 0 of every round.
 */
export class Numbering {
  #stamps: Int32Array;
  #places: Int32Array;
  #values: Int32Array;
  #round = 0;
  #count = 0;

  /** @param size values are 0 … size−1 */
  constructor(size: number) {
    this.#stamps = new Int32Array(size);
    this.#places = new Int32Array(size);
    this.#values = new Int32Array(Math.min(size, 1024));
  }

  /** Starts a round; `size` may have grown. */
  begin(size = this.#stamps.length): void {
    if (size > this.#stamps.length) {
      this.#stamps = new Int32Array(Math.ceil(size * 1.25));
      this.#places = new Int32Array(this.#stamps.length);
      this.#round = 0;
    }
    if (this.#round === 0x7fffffff) {
      this.#stamps.fill(0);
      this.#round = 0;
    }
    this.#round++;
    this.#stamps[0] = this.#round;
    this.#places[0] = 0;
    this.#values[0] = 0;
    this.#count = 1;
  }

  /**
   * Numbers `from[start … end)` into the same places of `into`, which may be the same array. Values below 0 stay.
   * @throws RangeError for a value beyond the size
   */
  number(from: Int32Array, into: Int32Array, start = 0, end = from.length): void {
    const stamps = this.#stamps;
    const places = this.#places;
    const round = this.#round;
    let values = this.#values;
    let count = this.#count;
    for (let i = start; i < end; i++) {
      const value = from[i];
      if (value < 0) {
        into[i] = value;
        continue;
      }
      if (value >= stamps.length) {
        throw new RangeError(`${value} is beyond ${stamps.length}`);
      }
      if (stamps[value] !== round) {
        stamps[value] = round;
        places[value] = count;
        if (count === values.length) {
          values = new Int32Array(2 * count);
          values.set(this.#values);
          this.#values = values;
        }
        values[count++] = value;
      }
      into[i] = places[value];
    }
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** The values of this round by number: a view that the next round overwrites. */
  get values(): Int32Array {
    return this.#values.subarray(0, this.#count);
  }
}
