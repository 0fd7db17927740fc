// A generation with deltas in front of it: what they know of a key stands, the rest is the generation's. They stand before
// its caches, so that these hold whatever comes after.
import type { OpenTable, WholeRows } from "../table/live-tables.ts";
import { type Locate, locator } from "../table/locate.ts";
import type { OpenParts } from "../table/opened-generation.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  rowNumbers,
  type TableStore,
} from "../table/table-store.ts";
import type { Delta } from "./delta.ts";

/** The parts of a generation as requests shall read them. @param parts of the weights and encoders that the delta is of */
export function overlaid(parts: OpenParts, delta: Delta): OpenParts {
  const find = locator(delta.index);
  const { records } = parts.store;
  const entries: Locate = (keys) =>
    keys.type === "row" ? keys.rows.map((row) => Math.max(0, row - records + 1)) : find(keys);
  const over = (base: TableStore, rows: Uint8Array) => overStore(base, rows, { records, entries, delta });
  const { store } = parts;
  return {
    description: parts.description,
    index: parts.index,
    store: Object.assign(over(store, delta.records), {
      fields: store.fields,
      records: records + delta.entries,
    }),
    tables: new Map(
      [...parts.tables].map(([name, table]) => {
        const rows = delta.tables.get(name) ?? new Uint8Array(delta.entries * table.rowBytes);
        return [name, overTable(table, over(table, rows), { records, entries, delta })] as const;
      }),
    ),
  };
}

interface Over {
  readonly delta: Delta;
  /** Rows of the generation's item store: an entry's row number begins there. */
  readonly records: number;
  /** Entry of each key, 0 where the deltas do not know it. */
  readonly entries: Locate;
}

function overStore(base: TableStore, rows: Uint8Array, { delta, records, entries }: Over): TableStore {
  const { rowBytes } = base;
  const { locate } = base;
  return {
    where: base.where,
    rowBytes,
    get absent() {
      return base.absent;
    },
    ...(base.inMemory !== undefined && { inMemory: base.inMemory }),
    ...(locate && {
      locate(keys: RowKeys): Int32Array {
        if (keys.type === "row") {
          return keys.rows;
        }
        const found = entries(keys);
        return locate
          .call(base, keys)
          .map((row, i) => (found[i] === 0 ? row : delta.present[found[i] - 1] === 1 ? records - 1 + found[i] : 0));
      },
    }),
    async read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask> {
      expectRoom(base, keys, into);
      const found = entries(keys);
      if (!touches(found)) {
        return base.read(keys, into, options);
      }
      const below = keys.type === "row" ? rowNumbers(keys.rows.map((row, i) => (found[i] === 0 ? row : 0))) : keys;
      const hits = (await base.read(below, into, options)).slice();
      for (let i = 0; i < found.length; i++) {
        const at = found[i] - 1;
        if (at >= 0) {
          hits[i] = delta.present[at];
          putRow(hits[i] === 1 ? rows : base.absent, hits[i] === 1 ? at * rowBytes : 0, i, into);
        }
      }
      return hits;
    },
  };
}

function touches(entries: Int32Array): boolean {
  for (let i = 0; i < entries.length; i++) {
    if (entries[i] !== 0) {
      return true;
    }
  }
  return false;
}

/** Whole tables serve those requests of whose keys the deltas know none. */
function overTable(base: OpenTable, store: TableStore, { delta, records, entries }: Over): OpenTable {
  const whole = <T>(rows: WholeRows<T> | null): WholeRows<T> | null =>
    rows && { values: rows.values, row: (keys) => (touches(entries(keys)) ? null : rows.row(keys)) };
  return Object.assign(store, {
    rows: records + delta.entries,
    format: base.format,
    floats: async () => whole(await base.floats()),
    stored: async () => whole(await base.stored()),
  });
}
