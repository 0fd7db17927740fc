// Keys → numbers of rows, looked up once however many stores of a generation are read with the same keys.
import type { KeyColumn } from "../encode/keys.ts";
import type { KeyIndex } from "./key-index.ts";
import type { RowKeys } from "./table-store.ts";

/** Number of each key's row; 0 where there is none. */
export type Locate = (keys: RowKeys) => Int32Array;

export function locator(index: Pick<KeyIndex, "lookup">): Locate {
  const known = new WeakMap<KeyColumn, Int32Array>();
  return (keys) => {
    if (keys.type === "row") {
      return keys.rows;
    }
    let rows = known.get(keys);
    if (rows === undefined) {
      rows = index.lookup(keys);
      known.set(keys, rows);
    }
    return rows;
  };
}

/** The same in a store of `count` rows, of which row 0 is the one of what is absent. */
export function within(locate: Locate, count: number): Locate {
  return (keys) => {
    const rows = locate(keys);
    for (let i = 0; i < rows.length; i++) {
      if (!(rows[i] >= 0 && rows[i] < count)) {
        return rows.map((row) => (row > 0 && row < count ? row : 0));
      }
    }
    return rows;
  };
}

/** For stores that no index belongs to. */
export const byNumber: Locate = (keys) => {
  if (keys.type !== "row") {
    throw new TypeError(`rows are read by number here, not by ${keys.type} keys`);
  }
  return keys.rows;
};
