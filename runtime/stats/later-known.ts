// Behaviours whose value was not known when they came, by when it will be: a binary heap.

export class LaterKnown {
  readonly #heap: { readonly place: number; readonly known: number }[] = [];
  readonly #waiting = new Set<number>();

  get empty(): boolean {
    return this.#heap.length === 0;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#waiting.clear();
  }

  /** @param known when the value of that place becomes known; NaN: never */
  wait(place: number, known: number): void {
    this.#waiting.add(place);
    if (Number.isNaN(known)) {
      return;
    }
    const heap = this.#heap;
    let at = heap.length;
    for (; at > 0 && heap[(at - 1) >> 1].known > known; at = (at - 1) >> 1) {
      heap[at] = heap[(at - 1) >> 1];
    }
    heap[at] = { place, known };
  }

  /** The place counts no more. */
  forget(place: number): void {
    if (this.#waiting.size > 0) {
      this.#waiting.delete(place);
    }
  }

  /** Takes the places whose value is known by now, from the earliest. */
  *until(isKnown: (known: number) => boolean): Generator<number> {
    while (this.#heap.length > 0 && isKnown(this.#heap[0].known)) {
      const { place } = this.#pop();
      if (this.#waiting.delete(place)) {
        yield place;
      }
    }
  }

  #pop(): { readonly place: number; readonly known: number } {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (let child = 1; child < heap.length; child = 2 * at + 1) {
        if (child + 1 < heap.length && heap[child + 1].known < heap[child].known) {
          child++;
        }
        if (heap[child].known >= last.known) {
          break;
        }
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = last;
    }
    return first;
  }
}
