// Those who wait, in the order in which they came; any of them may leave. (A Set would pass over all who left at its front.)
interface Place<T> {
  readonly value: T;
  before: Place<T>;
  after: Place<T>;
}

export class LineUp<T> {
  /** Before the first and after the last. */
  readonly #ends: Place<T>;
  #size = 0;

  constructor() {
    const ends = { value: undefined as T } as Place<T>;
    ends.before = ends;
    ends.after = ends;
    this.#ends = ends;
  }

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#ends.after.value;
  }

  /** Joins at the end. Returns how to leave, which may be called at any time and again. */
  join(value: T): () => void {
    const place: Place<T> = { value, before: this.#ends.before, after: this.#ends };
    place.before.after = place;
    place.after.before = place;
    this.#size++;
    let here = true;
    return () => {
      if (!here) {
        return;
      }
      here = false;
      this.#size--;
      place.before.after = place.after;
      place.after.before = place.before;
    };
  }
}
