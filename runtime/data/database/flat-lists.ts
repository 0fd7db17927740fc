// Lists of many rows side by side in one column: where each begins, and their values one after the other.
import { type DataColumn, joinColumns, sliceColumn, takeRows } from "../../encode/data-column.ts";

export interface FlatLists {
  /** First value of each row, and the end of the last: rows + 1. */
  readonly starts: Uint32Array;
  /** Values before the first start and behind the last belong to other rows. */
  readonly values: DataColumn;
}

/** Rows start … end − 1, over the same values. */
export const sliceLists = ({ starts, values }: FlatLists, start: number, end: number): FlatLists => ({
  starts: starts.subarray(start, end + 1),
  values,
});

/** Only what the rows have is kept. */
export function joinLists(pieces: readonly FlatLists[]): FlatLists {
  const [one] = pieces;
  if (pieces.length === 1 && one!.starts[0] === 0 && one!.starts.at(-1) === one!.values.length) {
    return one!;
  }
  const rows = pieces.reduce((sum, { starts }) => sum + starts.length - 1, 0);
  const starts = new Uint32Array(rows + 1);
  let row = 0;
  let base = 0;
  const values = pieces.map((piece) => {
    const [from, to] = [piece.starts[0], piece.starts.at(-1)!];
    for (let i = 0; i + 1 < piece.starts.length; i++) {
      starts[row++] = base + piece.starts[i] - from;
    }
    base += to - from;
    return sliceColumn(piece.values, from, to);
  });
  starts[row] = base;
  return { starts, values: joinColumns(values) };
}

/** The values at these places, one after the other. */
export const takeValues = ({ values }: FlatLists, at: Int32Array): DataColumn => takeRows(values, at);
