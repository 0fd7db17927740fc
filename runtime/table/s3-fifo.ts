// Which slot of a full cache makes room: S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023).
import { mix32 } from "../../contract/random.ts";

/** Asked for so often, a key counts as one that comes again and again. */
const most = 3;

/** A queue of slots, linked by `next`. */
interface Queue {
  first: number;
  last: number;
  length: number;
}

const empty = (): Queue => ({ first: 0, last: 0, length: 0 });

/**
 * A new key enters a small queue, a tenth of all slots. Who leaves it without having been asked for twice more leaves the
 * cache, so that a scan of keys that come once displaces no others; the rest goes on to the main queue, and so does at once
 * a key that left the small one lately. Every step is O(1), counted over the steps.
 */
export class S3Fifo {
  readonly slots: number;
  /** By slot; slots are 1 … slots. */
  readonly #next: Int32Array;
  readonly #asked: Uint8Array;
  readonly #small = empty();
  readonly #main = empty();
  readonly #smallSlots: number;
  /** Hashes of keys that left the small queue, each at its place until another one of that place leaves. */
  readonly #left: Int32Array;
  #used = 0;

  /** @param slots 1 or more */
  constructor(slots: number) {
    this.slots = slots;
    this.#next = new Int32Array(slots + 1);
    this.#asked = new Uint8Array(slots + 1);
    this.#smallSlots = Math.max(1, Math.floor(slots / 10));
    this.#left = new Int32Array(2 ** Math.ceil(Math.log2(slots)));
  }

  /** Slots that hold a key. */
  get used(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#next.byteLength + this.#asked.byteLength + this.#left.byteLength;
  }

  /** The key of a slot was asked for. */
  touch(slot: number): void {
    if (this.#asked[slot] < most) {
      this.#asked[slot]++;
    }
  }

  /**
   * The slot of a new key.
   * @param leave takes the key out of the slot that makes room, and gives its hash
   */
  admit(hash: number, leave: (slot: number) => number): number {
    const slot = this.#used < this.slots ? ++this.#used : this.#room(leave);
    const place = this.#place(hash);
    const known = hash !== 0 && this.#left[place] === hash;
    if (known) {
      this.#left[place] = 0;
    }
    this.#asked[slot] = 0;
    this.#push(known ? this.#main : this.#small, slot);
    return slot;
  }

  #room(leave: (slot: number) => number): number {
    for (;;) {
      if (this.#main.length === 0 || this.#small.length >= this.#smallSlots) {
        const slot = this.#pop(this.#small);
        if (this.#asked[slot] < 2) {
          const hash = leave(slot);
          this.#left[this.#place(hash)] = hash;
          return slot;
        }
        this.#asked[slot] = 0;
        this.#push(this.#main, slot);
      } else {
        const slot = this.#pop(this.#main);
        if (this.#asked[slot] === 0) {
          leave(slot);
          return slot;
        }
        this.#asked[slot]--;
        this.#push(this.#main, slot);
      }
    }
  }

  #place(hash: number): number {
    return mix32(hash) & (this.#left.length - 1);
  }

  #push(queue: Queue, slot: number): void {
    this.#next[slot] = 0;
    if (queue.length === 0) {
      queue.first = slot;
    } else {
      this.#next[queue.last] = slot;
    }
    queue.last = slot;
    queue.length++;
  }

  #pop(queue: Queue): number {
    const slot = queue.first;
    queue.first = this.#next[slot];
    queue.length--;
    return slot;
  }
}
