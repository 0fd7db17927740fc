// Calls that wait for a place where they can be done: so many and no more, the first come first, for as long as each is wanted.
import { TwinError } from "../../contract/error.ts";
import { LineUp } from "./line-up.ts";
import { type CallOptions, Wanted } from "./wanted.ts";

/** Where calls are done. */
export interface Places<Place, Wish> {
  /** A free place, the best for the wish; null where none is free. */
  take(wish: Wish): Place | null;
  /** The call that had it is over. */
  give(place: Place): void;
}

/** So many places, one like the other. */
export function placesFor(count: number): Places<true, null> {
  let free = count;
  return {
    take: () => (free > 0 && free-- > 0 ? true : null),
    give: () => void free++,
  };
}

/** Does one call. @param signal aborts when its result is not wanted any more; null: it always is */
export type Work<Place, Value> = (place: Place, signal: AbortSignal | null) => Promise<Value>;

interface Entry<Place, Wish> {
  readonly wish: Wish;
  /** Leaves the queue. */
  leave(): void;
  start(place: Place): void;
  reject(reason: unknown): void;
}

export class CallQueue<Place, Wish> {
  readonly limit: number;
  readonly #places: Places<Place, Wish>;
  readonly #waiting = new LineUp<Entry<Place, Wish>>();
  readonly #working = new Set<Promise<void>>();

  /** @param limit calls that may wait */
  constructor(limit: number, places: Places<Place, Wish>) {
    this.limit = limit;
    this.#places = places;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls that are being done, those included whose result is not wanted any more. */
  get working(): number {
    return this.#working.size;
  }

  /**
   * Does a call when there is a place. One that is not wanted any more leaves the queue at once; what has begun goes on to
   * its end and keeps its place until then, and its result is dropped.
   * @throws TwinError where as many wait as may (`queue_full`) and where the deadline passes (`deadline`); the signal's reason
   */
  run<Value>(wish: Wish, options: CallOptions, work: Work<Place, Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const wanted = new Wanted(options);
      const early = wanted.refusal();
      if (early !== undefined) {
        reject(early.reason);
        return;
      }
      const dropped = wanted.always ? null : new AbortController();
      const entry: Entry<Place, Wish> = {
        wish,
        leave: () => undefined,
        reject(reason) {
          wanted.forget();
          reject(reason);
        },
        start: (place) =>
          this.#work(place, async () => {
            try {
              const value = await work(place, dropped?.signal ?? null);
              // The timer may not have had its turn.
              const late = wanted.refusal();
              if (late === undefined) {
                resolve(value);
              } else {
                reject(late.reason);
              }
            } catch (error) {
              reject(error);
            } finally {
              wanted.forget();
            }
          }),
      };
      const place = this.#waiting.size === 0 ? this.#places.take(wish) : null;
      if (place === null && this.#waiting.size >= this.limit) {
        reject(this.#full());
        return;
      }
      if (dropped !== null) {
        wanted.watch((reason) => {
          entry.leave();
          reject(reason);
          dropped.abort(reason);
        });
      }
      if (place === null) {
        entry.leave = this.#waiting.join(entry);
      } else {
        entry.start(place);
      }
    });
  }

  /** Places may be free: whatever waits is begun, one after the other. */
  advance(): void {
    for (let entry = this.#waiting.first; entry !== undefined; entry = this.#waiting.first) {
      const place = this.#places.take(entry.wish);
      if (place === null) {
        return;
      }
      entry.leave();
      entry.start(place);
    }
  }

  /** Rejects all that waits. */
  refuse(error: Error): void {
    for (let entry = this.#waiting.first; entry !== undefined; entry = this.#waiting.first) {
      entry.leave();
      entry.reject(error);
    }
  }

  /** Waits until nothing is being done, also for what nobody waits for any more. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) {
      await Promise.all(this.#working);
    }
  }

  #work(place: Place, work: () => Promise<void>): void {
    const working = work().finally(() => {
      this.#working.delete(working);
      this.#places.give(place);
      this.advance();
    });
    this.#working.add(working);
  }

  #full(): TwinError {
    const { limit } = this;
    return new TwinError(
      `${limit === 0 ? "every thread is busy and no request may wait" : `${limit} requests wait already, and no more may`} (queue: ${limit}). Send the request again later, or load with more threads or a longer queue: load(DIR, { workers, queue })`,
      { code: "queue_full" },
    );
  }
}
