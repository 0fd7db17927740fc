// An inverted index of a user's behaviours by one feature of their items: of each value, where it stands, newest first.
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodedWidth } from "../encode/column.ts";
import { RowSlots } from "../stats/row-slots.ts";

/** Tags are values of one row each, any of which may agree; else all rows of an item are one value. */
const shapeOf = (feature: FeatureSpec): { readonly values: number; readonly rows: number } => {
  const width = encodedWidth(feature);
  return feature.encoder.kind === "tags" ? { values: width, rows: 1 } : { values: 1, rows: width };
};

/** Whether the value at an offset is known: row 0 and what fills tags up match nothing. */
function isKnown(encoded: Int32Array, at: number, rows: number): boolean {
  for (let i = at; i < at + rows; i++) {
    if (encoded[i] <= 0) {
      return false;
    }
  }
  return true;
}

/** Whether two items agree in a feature: any tag in common, or the same known rows. @param a @param b which items of theirs */
export function agrees(feature: FeatureSpec, ours: Int32Array, a: number, theirs: Int32Array, b: number): boolean {
  const { values, rows } = shapeOf(feature);
  for (let i = a * values; i < (a + 1) * values; i++) {
    for (let j = b * values; isKnown(ours, i * rows, rows) && j < (b + 1) * values; j++) {
      let same = 0;
      while (same < rows && ours[i * rows + same] === theirs[j * rows + same]) {
        same++;
      }
      if (same === rows) {
        return true;
      }
    }
  }
  return false;
}

/** Built in O(behaviours); answers a candidate in O(keep), of tags O(keep · tags). */
export class MatchIndex {
  readonly #values: number;
  readonly #rows: number;
  readonly #slots: RowSlots;
  /** By slot of a value: its newest entry, place · values + i. */
  readonly #newest: Int32Array;
  /** By entry: the next older one of the same value; −1: there is none. */
  readonly #older: Int32Array;
  /** One for each of a candidate's values: where its list stands. */
  readonly #at: Int32Array;

  /** @param encoded of the behaviours' items, newest first @param count those that are no padding */
  constructor(feature: FeatureSpec, encoded: Int32Array, count: number) {
    const { values, rows } = shapeOf(feature);
    const entries = count * values;
    this.#values = values;
    this.#rows = rows;
    this.#slots = new RowSlots(rows);
    this.#newest = new Int32Array(entries);
    this.#older = new Int32Array(entries);
    this.#at = new Int32Array(values);
    for (let entry = entries - 1; entry >= 0; entry--) {
      if (isKnown(encoded, entry * rows, rows)) {
        const { count: before } = this.#slots;
        const slot = this.#slots.slot(encoded, entry * rows);
        this.#older[entry] = slot === before ? -1 : this.#newest[slot];
        this.#newest[slot] = entry;
      }
    }
  }

  /**
   * Puts the places of the newest `keep` that agree with a candidate into `into` from `offset` on, newest first, and behind them
   * the first places that are none of these, as a graph fills its list up.
   * @param encoded of the candidates' items @returns how many agree, `keep` at most
   */
  find(encoded: Int32Array, candidate: number, keep: number, into: Int32Array, offset: number): number {
    const count = this.#agreeing(encoded, candidate, into.subarray(offset, offset + keep));
    let met = 0;
    for (let place = 0, to = offset + count; to < offset + keep; place++) {
      if (met < count && into[offset + met] === place) {
        met++;
      } else {
        into[to++] = place;
      }
    }
    return count;
  }

  #agreeing(encoded: Int32Array, candidate: number, into: Int32Array): number {
    const [values, rows, at] = [this.#values, this.#rows, this.#at];
    for (let i = 0; i < values; i++) {
      const value = (candidate * values + i) * rows;
      const slot = isKnown(encoded, value, rows) ? this.#slots.find(encoded, value) : -1;
      at[i] = slot < 0 ? -1 : this.#newest[slot];
    }
    let count = 0;
    while (count < into.length) {
      let place = Number.POSITIVE_INFINITY;
      for (let i = 0; i < values; i++) {
        if (at[i] >= 0) {
          place = Math.min(place, Math.floor(at[i] / values));
        }
      }
      if (place === Number.POSITIVE_INFINITY) {
        break;
      }
      into[count++] = place;
      // A behaviour may have several of the tags, and one of them twice.
      for (let i = 0; i < values; i++) {
        while (at[i] >= 0 && Math.floor(at[i] / values) === place) {
          at[i] = this.#older[at[i]];
        }
      }
    }
    return count;
  }
}
