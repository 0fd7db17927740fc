// Behaviours of a block's users: which rows they are, and the first that each row, as a sample, may see.
import { isSeen } from "../encode/seen.ts";

export interface Past {
  /** Rows of the block that became behaviours, in order; null: all. */
  readonly rows: Int32Array | null;
  /** Behaviours in all. */
  readonly count: number;
  /** By row: number of the first behaviour that a sample of this row sees, within the block. */
  readonly first: Int32Array;
  /** By user: where the user's behaviours end, within the block. */
  readonly ends: Int32Array;
}

/**
 * A sample sees what lies strictly before it, and not sooner than `delay` after it happened: rows are newest first, so it
 * sees the behaviours from `first` to the user's end.
 * @param starts first row of each user, and the number of rows at the end
 * @param keep by row: 1 where the event became a behaviour
 */
export function pastOf(starts: Int32Array, times: Float64Array, keep: Int32Array, delay: number): Past {
  const rows = times.length;
  const before = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    before[row + 1] = before[row] + keep[row];
  }
  const first = new Int32Array(rows);
  const ends = new Int32Array(starts.length - 1);
  for (let user = 0; user + 1 < starts.length; user++) {
    const end = starts[user + 1];
    let seen = starts[user];
    for (let row = starts[user]; row < end; row++) {
      const time = times[row];
      while (seen < end && !isSeen(times[seen], time, delay)) {
        seen++;
      }
      first[row] = before[seen];
    }
    ends[user] = before[end];
  }
  const count = before[rows];
  if (count === rows) {
    return { rows: null, count, first, ends };
  }
  const chosen = new Int32Array(count);
  for (let row = 0; row < rows; row++) {
    if (keep[row] === 1) {
      chosen[before[row]] = row;
    }
  }
  return { rows: chosen, count, first, ends };
}

/** Numbers of the values that exclude, counted anew for each user; −1 where there is none. */
export function sameCodes(starts: Int32Array, values: ArrayLike<unknown>): Int32Array {
  const codes = new Int32Array(values.length).fill(-1);
  for (let user = 0; user + 1 < starts.length; user++) {
    const known = new Map<unknown, number>();
    for (let row = starts[user]; row < starts[user + 1]; row++) {
      const value = values[row];
      if (value === null) {
        continue;
      }
      const code = known.get(value) ?? known.size;
      known.set(value, code);
      codes[row] = code;
    }
  }
  return codes;
}
