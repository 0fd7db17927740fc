// Rows of a batch that are searched together: histories of like length, so that little padding is scored.

export interface RowGroup {
  /** Rows of the batch. */
  readonly rows: Int32Array;
  /** Behaviours of the longest of them. */
  readonly length: number;
}

/**
 * Cuts the rows that have more than `enough` behaviours into groups; the others need no search: all is kept. A group more
 * costs about as much as scoring `overhead` behaviours, because each projects the batch's items again: rows are set apart
 * only where that saves more padding. Rows stay in order within a group, so that the cut is the same each time.
 */
export function rowGroups(lengths: Int32Array, enough: number, overhead: number): RowGroup[] {
  const long = Int32Array.from(lengths.keys()).filter((row) => lengths[row] > enough);
  long.sort((a, b) => lengths[b] - lengths[a] || a - b);
  return cut(long, lengths, overhead).map((rows) => ({ rows: rows.slice().sort(), length: lengths[rows[0]] }));
}

/** @param rows longest first */
function cut(rows: Int32Array, lengths: Int32Array, overhead: number): Int32Array[] {
  if (rows.length === 0) {
    return [];
  }
  let [best, at] = [overhead, 0];
  for (let i = 1; i < rows.length; i++) {
    const saved = (rows.length - i) * (lengths[rows[0]] - lengths[rows[i]]);
    if (saved > best) {
      [best, at] = [saved, i];
    }
  }
  if (at === 0) {
    return [rows];
  }
  return [...cut(rows.subarray(0, at), lengths, overhead), ...cut(rows.subarray(at), lengths, overhead)];
}
