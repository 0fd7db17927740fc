// Kinds of rows that are looked at apart: new items, short and long histories, users with few and many rows.
import { alike } from "../../contract/alike.ts";
import type { Column } from "../metrics/order.ts";
import { rangeNames, rangeOf, terciles } from "../metrics/ranges.ts";
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
