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

  /** @param most values that will come at most: room for them is made at once */
  clear(most = 0): void {
    this.count = 0;
    const due = 2 ** Math.ceil(Math.log2(Math.max(least, 2 * most + 2)));
    if (due > this.#places.length) {
      this.#places = new Int32Array(due);
      this.#keys = new Int32Array((due / 2) * this.#width);
    } else {
      this.#places.fill(0);
    }
  }

  /** Slots of many values of one row each; of an unknown one, row 0, −1. @param item of each place */
  single(values: Int32Array, item: Int32Array, from: number, to: number, into: Int32Array): void {
    if (2 * (this.count + to - from) >= this.#places.length) {
      this.#grow(this.count + to - from);
    }
    const places = this.#places;
    const keys = this.#keys;
    const mask = places.length - 1;
    let { count } = this;
    for (let at = to - 1; at >= from; at--) {
      const row = values[item[at]];
      if (row <= 0) {
        into[at] = -1;
        continue;
      }
      const hash = mix(0, row);
      let place = (hash ^ (hash >>> 15)) & mask;
      let slot = places[place] - 1;
      while (slot >= 0 && keys[slot] !== row) {
        place = (place + 1) & mask;
        slot = places[place] - 1;
      }
      if (slot < 0) {
        slot = count++;
        places[place] = slot + 1;
        keys[slot] = row;
      }
      into[at] = slot;
    }
    this.count = count;
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
      this.#grow(this.count);
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

  #grow(count: number): void {
    const keys = this.#keys;
    let due = this.#places.length;
    while (due <= 2 * count) {
      due *= 2;
    }
    this.#places = new Int32Array(due);
    this.#keys = new Int32Array((due / 2) * this.#width);
    this.#keys.set(keys.subarray(0, this.count * this.#width));
    for (let slot = 0; slot < this.count; slot++) {
      this.#places[this.#place(keys, slot * this.#width)] = slot + 1;
    }
  }
}
