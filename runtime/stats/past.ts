// A user's behaviours as statistics see them: columns of places 0, 1, 2 …, newest first.
import type { Encoded } from "../encode/encoded.ts";
import type { Terms } from "./decayed-sums.ts";

/** A cross feature that statistics are of. */
export interface OfColumn {
  /** [places]; what a missing value is where it is none of the user's yet. */
  readonly values: Encoded;
  /** When each value became known; NaN: never. Null: with its behaviour. */
  readonly known: Float64Array | null;
  /** A sample sees a value this long after it became known. */
  readonly delay: number;
}

export interface Past {
  /** Of each place, its item: the place of its values in `items`. */
  readonly item: Int32Array;
  /** Null: nothing tells when they were. */
  readonly time: Float64Array | null;
  /** By item feature, encoded values of all items: [items, …]. */
  readonly items: Readonly<Record<string, Encoded>>;
  /** By cross feature. */
  readonly of: Readonly<Record<string, OfColumn>>;
}

/** Which behaviours count at a moment: places `from` … `to` − 1. */
export interface Window {
  readonly from: number;
  readonly to: number;
  /** Epoch seconds, or steps. */
  readonly now: number;
}

/** Puts a value's term where it belongs: a flag counts where it is known; a number always, within 0 … 1, since a missing one is 0. */
export function putTerm({ weight, sum }: Terms, place: number, values: Encoded, known: boolean): void {
  if (values instanceof Float32Array) {
    weight[place] = 1;
    sum[place] = known ? Math.min(1, Math.max(0, values[place])) : 0;
    return;
  }
  const row = known ? values[place] : 0;
  weight[place] = row > 0 ? 1 : 0;
  sum[place] = row > 1 ? 1 : 0;
}

/** The terms of places `from` … `to` − 1 whose values are known with their behaviours. */
export function putTerms({ weight, sum }: Terms, from: number, to: number, values: Encoded): void {
  if (values instanceof Float32Array) {
    for (let place = from; place < to; place++) {
      weight[place] = 1;
      sum[place] = Math.min(1, Math.max(0, values[place]));
    }
    return;
  }
  for (let place = from; place < to; place++) {
    const row = values[place];
    // Signs instead of questions: no processor foretells what users liked. 0 where the row is 0, and 1.
    weight[place] = -row >>> 31;
    sum[place] = (1 - row) >>> 31;
  }
}
