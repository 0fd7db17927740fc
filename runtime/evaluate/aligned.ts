// Tables of numbers for a terminal.

export const count = (value: number): string => value.toLocaleString("en-GB");

export const fixed = (value: number, digits = 4): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");

/** Columns under each other: the first `left` to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[], left = 1): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}
