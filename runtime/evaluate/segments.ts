// Kinds of rows that are looked at apart: new items, short and long histories, users with few and many rows.
import { alike } from "../../contract/alike.ts";
import type { Column } from "../metrics/order.ts";
import type { Collected } from "./rows.ts";

export interface Segment {
  /** `items`, `history`, `activity` */
  readonly by: string;
  /** `new`, `≤ 12`, `13–80`, `> 80` */
  readonly name: string;
  /** Its rows, ascending. */
  readonly rows: Uint32Array;
}

/**
 * @param edges ascending ends of the ranges of history length; null: the terciles of the rows
 */
export function segmentsOf(rows: Collected, edges: readonly number[] | null): Segment[] {
  const counts = new Uint32Array(rows.users);
  for (let i = 0; i < rows.rows; i++) {
    counts[rows.user[i]]++;
  }
  const activity = rows.user.map((user) => counts[user]);
  const known = rows.newItem;
  return [
    ...(known === null
      ? []
      : [
          { by: "items", name: "known", rows: rowsWhere(rows.rows, (i) => known[i] === 0) },
          { by: "items", name: "new", rows: rowsWhere(rows.rows, (i) => known[i] === 1) },
        ]),
    ...ranges("history", rows.historyLength, edges ?? terciles(rows.historyLength)),
    ...ranges("activity", activity, terciles(activity)),
  ].filter((segment) => segment.rows.length > 0);
}

/** Ends of the lower two thirds of the values, without what would be empty. */
export function terciles(values: ArrayLike<number>): number[] {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const last = sorted[sorted.length - 1];
  return [...new Set([at(1 / 3), at(2 / 3)])].filter((edge) => edge < last);
}

/** `≤ 12`, `13–80`, `> 80` for the edges 12 and 80. */
export function rangeNames(edges: readonly number[]): string[] {
  if (edges.length === 0) {
    return ["all"];
  }
  const between = edges.slice(1).map((edge, i) => (edge === edges[i] + 1 ? `${edge}` : `${edges[i] + 1}–${edge}`));
  return [`≤ ${edges[0]}`, ...between, `> ${edges[edges.length - 1]}`];
}

/** The number of the range that a value lies in. */
export function rangeOf(edges: readonly number[], value: number): number {
  const found = edges.findIndex((edge) => value <= edge);
  return found < 0 ? edges.length : found;
}

function ranges(by: string, values: Int32Array | Uint32Array, edges: readonly number[]): Segment[] {
  if (edges.length === 0) {
    return [];
  }
  return rangeNames(edges).map((name, range) => ({
    by,
    name,
    rows: rowsWhere(values.length, (i) => rangeOf(edges, values[i]) === range),
  }));
}

/** The rows for which something holds. */
export function rowsWhere(count: number, holds: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (holds(i)) {
      rows[found++] = i;
    }
  }
  return rows.slice(0, found);
}

/** Some rows of a column. */
export function taken<T extends Column | Uint8Array | Uint32Array | Int32Array>(column: T, rows: Uint32Array): T {
  const values = alike(column, rows.length);
  for (let i = 0; i < rows.length; i++) {
    values[i] = column[rows[i]];
  }
  return values;
}
