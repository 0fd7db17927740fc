// Numbers for the different values that an encoded feature takes: an open-addressed table of rows, made anew for each user.

/** First capacity; a power of two. */
const least = 64;

/** Mixes a row into a hash (the steps of MurmurHash3, 32 bits). */
function mix(hash: number, row: number): number {
  const k = Math.imul(Math.imul(row, 0xcc9e2d51) ^ (row >>> 7), 0x1b873593);
  const h = hash ^ k;
  return Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
}

/** Values of `width` rows each → slots 0, 1, 2 … in the order in which they come. */
export class RowSlots {
  /** Slots that are given. */
  count = 0;
  readonly #width: number;
  /** Slot + 1 by place; 0: free. */
  #places = new Int32Array(least);
  #keys: Int32Array;

  constructor(width: number) {
    this.#width = width;
    this.#keys = new Int32Array((least / 2) * width);
  }

  clear(): void {
    this.#places.fill(0);
    this.count = 0;
  }

  /** Slot of the value at this offset; −1: it has none. */
  find(values: Int32Array, at: number): number {
    return this.#places[this.#place(values, at)] - 1;
  }

  /** Slot of the value at this offset, a new one where it has none: then it is the last, `count` − 1. */
  slot(values: Int32Array, at: number): number {
    const place = this.#place(values, at);
    const found = this.#places[place];
    if (found > 0) {
      return found - 1;
    }
    const slot = this.count++;
    this.#places[place] = slot + 1;
    for (let j = 0; j < this.#width; j++) {
      this.#keys[slot * this.#width + j] = values[at + j];
    }
    if (2 * this.count >= this.#places.length) {
      this.#grow();
    }
    return slot;
  }

  /** Where the value stands, or where it would. */
  #place(values: Int32Array, at: number): number {
    const width = this.#width;
    const keys = this.#keys;
    const places = this.#places;
    let hash = 0;
    for (let j = 0; j < width; j++) {
      hash = mix(hash, values[at + j]);
    }
    const mask = places.length - 1;
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const key = (places[place] - 1) * width;
      let same = 0;
      while (key >= 0 && same < width && keys[key + same] === values[at + same]) {
        same++;
      }
      if (key < 0 || same === width) {
        return place;
      }
    }
  }

  #grow(): void {
    const keys = this.#keys;
    this.#places = new Int32Array(2 * this.#places.length);
    this.#keys = new Int32Array((this.#places.length / 2) * this.#width);
    this.#keys.set(keys);
    for (let slot = 0; slot < this.count; slot++) {
      this.#places[this.#place(keys, slot * this.#width)] = slot + 1;
    }
  }
}
