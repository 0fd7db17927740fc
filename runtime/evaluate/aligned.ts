// Tables of numbers for a terminal.

import { cell, padded, width } from "../../contract/width.ts";

export const count = (value: number): string => value.toLocaleString("en-GB");

export const fixed = (value: number, digits = 4): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");

/** Columns under each other: the first `left` to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[], left = 1): string[] {
  const cells = rows.map((row) => row.map((text) => cell(text, 120)));
  const widths = rows[0].map((_, column) => Math.max(...cells.map((row) => width(row[column]))));
  return cells.map((row) =>
    row
      .map((text, column) => padded(text, widths[column], column < left ? "end" : "start"))
      .join("  ")
      .trimEnd(),
  );
}
