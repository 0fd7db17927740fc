// Behaviours and the one before each with an equal feature of the item: how many places lie between, and what passed.
import { edgesUpTo } from "../encode/buckets.ts";
import type { Encoded } from "../encode/encoded.ts";
import { encodedRows } from "../encode/encoded.ts";
import { RowSlots } from "./row-slots.ts";

/** How values of the feature stand: rows that are one value together, or tags, of which one in common is enough. */
export interface Compared {
  readonly width: number;
  /** What a missing value is: −1 for tags. */
  readonly fill: number;
}

/** Finds the next older behaviour whose value is equal and known. */
export class EqualBefore {
  readonly #width: number;
  readonly #tags: boolean;
  readonly #slots: RowSlots;
  /** Place by slot. */
  #places = new Int32Array(64);

  constructor({ width, fill }: Compared) {
    this.#width = width;
    this.#tags = fill === -1;
    this.#slots = new RowSlots(this.#tags ? 1 : width);
  }

  /**
   * @param values encoded, of all items @param item of each place, newest first: which of them is its value
   * @returns by place how many places further the next older equal one stands; 0: there is none
   */
  distances(values: Encoded, item: ArrayLike<number>): Int32Array {
    const rows = encodedRows(values, "a gap's feature");
    const width = this.#width;
    const result = new Int32Array(item.length);
    this.#slots.clear();
    for (let place = item.length - 1; place >= 0; place--) {
      const at = item[place] * width;
      let nearest = item.length;
      if (this.#tags) {
        for (let tag = at; tag < at + width; tag++) {
          if (rows[tag] > 0) {
            nearest = Math.min(nearest, this.#put(rows, tag, place) ?? nearest);
          }
        }
      } else if (rows[at] > 0 || (width === 2 && rows[at + 1] > 0)) {
        nearest = this.#put(rows, at, place) ?? nearest;
      }
      result[place] = nearest === item.length ? 0 : nearest - place;
    }
    return result;
  }

  /** @returns the place where the value at this offset stood last, if it is another one */
  #put(rows: Int32Array, at: number, place: number): number | null {
    const { count } = this.#slots;
    const slot = this.#slots.slot(rows, at);
    if (slot >= this.#places.length) {
      const more = new Int32Array(2 * slot);
      more.set(this.#places);
      this.#places = more;
    }
    const before = slot === count ? place : this.#places[slot];
    this.#places[slot] = place;
    // A tag may stand twice in a list.
    return before === place ? null : before;
  }
}

/** Places newest first, of which those before `limit` are the history. */
export interface Gaps {
  /** By place how many places further the one before stands, 0: nowhere; null: the next place always is it. */
  readonly distance: ArrayLike<number> | null;
  /** By place; null: places count as steps. */
  readonly time: ArrayLike<number> | null;
  readonly limit: number;
}

/** `gap` of the newest `count` behaviours, into a row: 1 + the number of edges <= what passed; 0: none is before it. */
export function gapBuckets(
  into: Int32Array,
  at: number,
  count: number,
  { distance, time, limit }: Gaps,
  edges: readonly number[],
): void {
  const exact = Float64Array.from(edges);
  for (let place = 0; place < count; place++) {
    const far = distance === null ? 1 : distance[place];
    const before = place + far;
    if (far === 0 || before >= limit) {
      into[at + place] = 0;
    } else {
      into[at + place] = 1 + edgesUpTo(exact, time === null ? far : time[place] - time[before]);
    }
  }
}
