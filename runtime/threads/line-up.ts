// Those who wait, in the order in which they came; any of them may leave. (A Set would pass over all who left at its front.)
interface Place<T> {
  readonly value: T | undefined;
  before: Place<T>;
  after: Place<T>;
}

/** Before the first and after the last: of an empty line both its neighbours are itself. */
class Ends<T> implements Place<T> {
  readonly value = undefined;
  before: Place<T> = this;
  after: Place<T> = this;
}

export class LineUp<T> {
  readonly #ends = new Ends<T>();
  #size = 0;

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
