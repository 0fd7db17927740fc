// The behaviours of rows that bring their own lists, stored once where neighbours share them: a user's next sample mostly has
// the same list, or one with a few behaviours more at its newest end.
import type { Encoded } from "../../encode/encoded.ts";

/** Columns of behaviours that are compared, row after row of the samples. */
export interface Compared {
  readonly item: Int32Array;
  readonly time: Float64Array | null;
  readonly cross: readonly Encoded[];
}

export interface StoredRanges {
  /** Behaviours that are written, in this order. */
  readonly order: Int32Array;
  /** By row, from where to where its behaviours stand among them. */
  readonly start: Int32Array;
  readonly end: Int32Array;
}

/** Newer behaviours that the row before may have had. */
const mostNewer = 64;

/** @param starts where each row's behaviours, newest first, begin in the columns, and the end */
export function storedRanges(starts: Int32Array, compared: Compared): StoredRanges {
  const rows = starts.length - 1;
  const order = new Int32Array(starts[rows]);
  const start = new Int32Array(rows);
  const end = new Int32Array(rows);
  const same = sameBehaviour(compared);
  let count = 0;
  // Where the behaviours of the last row that has some begin.
  let last = 0;
  for (let row = 0; row < rows; row++) {
    const from = starts[row];
    const length = starts[row + 1] - from;
    if (length === 0) {
      start[row] = count;
      end[row] = count;
      continue;
    }
    const shared = sharedFrom(order, last, count, from, length, same);
    last = shared < 0 ? count : shared;
    for (let i = count - last; i < length; i++) {
      order[count++] = from + i;
    }
    start[row] = last;
    end[row] = last + length;
  }
  return { order: order.subarray(0, count), start, end };
}

type Same = (a: number, b: number) => boolean;

/** Where, from the last row's behaviours on, this row's stand as far as anything is stored; −1: nowhere. */
function sharedFrom(order: Int32Array, last: number, count: number, from: number, length: number, same: Same): number {
  const bound = Math.min(count, last + mostNewer);
  for (let place = last; place < bound; place++) {
    if (!same(order[place], from)) {
      continue;
    }
    const most = Math.min(length, count - place);
    let i = 1;
    while (i < most && same(order[place + i], from + i)) {
      i++;
    }
    if (i === most) {
      return place;
    }
  }
  return -1;
}

function sameBehaviour({ item, time, cross }: Compared): Same {
  const columns = cross.map((column) => ({ column, width: column.length / Math.max(1, item.length) }));
  return (a, b) => {
    if (item[a] !== item[b] || (time !== null && time[a] !== time[b])) {
      return false;
    }
    for (const { column, width } of columns) {
      for (let j = 0; j < width; j++) {
        if (column[a * width + j] !== column[b * width + j]) {
          return false;
        }
      }
    }
    return true;
  };
}
