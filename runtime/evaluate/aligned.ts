// Tables of numbers for a terminal.

import { cell, aligned as columns } from "../../contract/width.ts";

export const count = (value: number): string => value.toLocaleString("en-GB");

export const fixed = (value: number, digits = 4): string => (Number.isFinite(value) ? value.toFixed(digits) : "–");

/** Columns under each other, cut where somebody's names are long: the first `left` to the left, numbers to the right. */
export const aligned = (rows: readonly (readonly string[])[], left = 1): string[] =>
  columns(
    rows.map((row) => row.map((text) => cell(text, 120))),
    (column) => column >= left,
  );
