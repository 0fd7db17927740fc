// A column that grows: typed memory that doubles, for rows whose number is not known beforehand.

import { alike, type NumberArray } from "../../contract/alike.ts";

export class Growing<T extends NumberArray> {
  #values: T;
  #length = 0;

  constructor(make: new (length: number) => T) {
    this.#values = new make(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#reserve(1);
    this.#values[this.#length++] = value;
  }

  /** Puts a value at a place; places that were passed over hold 0. */
  put(place: number, value: number): void {
    if (place >= this.#length) {
      this.#reserve(place + 1 - this.#length);
      this.#length = place + 1;
    }
    this.#values[place] = value;
  }

  append(values: ArrayLike<number>, count: number): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++) {
      this.#values[this.#length + i] = values[i];
    }
    this.#length += count;
  }

  /** The values so far, over the column's own memory. */
  finish(): T {
    return this.#values.subarray(0, this.#length) as T;
  }

  #reserve(more: number): void {
    let size = this.#values.length;
    if (this.#length + more <= size) {
      return;
    }
    while (size < this.#length + more) {
      size *= 2;
    }
    const larger = alike(this.#values, size);
    larger.set(this.#values);
    this.#values = larger;
  }
}
