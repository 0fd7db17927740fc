// Rows of embedding tables: foreign tables keep padding and unknown values elsewhere than Twin, whose row 0 is the unknown.
import type { RowLayout } from "./map-file.ts";

/** Twin's rows by foreign row: −1 is a row of zeros. */
export interface RowMap {
  /** For each of Twin's rows the foreign one. */
  readonly from: Int32Array;
  /** Twin's rows that the foreign table has nothing for: they are copies of the unknown row. */
  readonly filled: number;
  /** Its foreign padding row; null: none. */
  readonly padding: number | null;
}

/**
 * Twin's `rows` out of a foreign table of `foreign` rows.
 * @returns a sentence where they do not fit
 */
export function mapRows(layout: RowLayout, foreign: number, rows: number): RowMap | string {
  const padding = layout.padding === "none" ? null : layout.padding;
  const unknown =
    layout.unknown === "last"
      ? foreign - 1
      : layout.unknown === "first"
        ? 0
        : layout.unknown === "zero"
          ? -1
          : layout.unknown;
  for (const [what, row] of [
    ["padding", padding ?? 0],
    ["unknown", unknown],
  ] as const) {
    if (row >= foreign) {
      return `its ${what} row ${row} is beyond its ${foreign} rows`;
    }
  }
  if (padding !== null && padding === unknown) {
    return `row ${padding} cannot be both padding and unknown`;
  }
  const packed = layout.order === "packed";
  const from = new Int32Array(rows).fill(unknown);
  let next = 1;
  for (let row = 0; row < foreign; row++) {
    if (packed && (row === padding || row === unknown)) {
      continue;
    }
    if (next < rows) {
      from[next] = row;
    }
    next++;
  }
  if (next > rows) {
    return `it has ${next - 1} values beside the unknown one, and the model's table of ${rows} rows takes ${rows - 1}`;
  }
  return { from, filled: rows - next, padding };
}

/** The table's rows in Twin's order. */
export function reorderRows(table: Float32Array, dim: number, { from }: RowMap): Float32Array {
  const result = new Float32Array(from.length * dim);
  for (let row = 0; row < from.length; row++) {
    if (from[row] >= 0) {
      result.set(table.subarray(from[row] * dim, (from[row] + 1) * dim), row * dim);
    }
  }
  return result;
}

/** Foreign rows as Twin's, padding aside. */
export function twinRows({ from, filled, padding }: RowMap): ReadonlyMap<number, number> {
  const rows = new Map<number, number>();
  for (let row = from.length - filled - 1; row > 0; row--) {
    rows.set(from[row], row);
  }
  if (from[0] >= 0) {
    rows.set(from[0], 0);
  }
  if (padding !== null) {
    rows.delete(padding);
  }
  return rows;
}
