// What many requests of one user read again and again, held between them: decoded table rows, features of past items.
import type { Engine } from "../request/index.ts";
import type { ItemRows } from "../table/item-rows.ts";
import type { LiveTables, OpenGeneration, OpenTable } from "../table/live-tables.ts";
import { floatRows } from "../table/read-rows.ts";
import { type Piece, rowNumbers, type TableStore } from "../table/table-store.ts";

/** Bytes that a decoded table may take. */
const memoryBytes = 2 ** 28;
/** Items fewer than these, such as a request's candidates, are neither held nor looked for. */
const few = 64;
/** Places where an overlap is looked for: one item may stand in a history many times. */
const tries = 32;

/**
 * The engine with the same tables, read faster: narrow rows are decoded once (up to 256 MB a table), and the features
 * of behaviours that two requests in succession share are copied instead of gathered. The numbers are the same.
 */
export function holdingRows(engine: Engine): Engine {
  const generation = engine.tables.current();
  if (generation === null) {
    return engine;
  }
  const { maxStaleness } = engine.tables;
  const held = heldGeneration(generation);
  const tables: LiveTables = { maxStaleness, current: () => held };
  return { ...engine, tables };
}

function heldGeneration(generation: OpenGeneration): OpenGeneration {
  const tables = new Map<string, OpenTable | null>();
  return {
    ...generation,
    store: heldItems(generation.store),
    table(name) {
      let held = tables.get(name);
      if (held === undefined) {
        const table = generation.table(name);
        held = table && heldTable(table);
        tables.set(name, held);
      }
      return held;
    },
  };
}

/** A table whose rows, where they are not float32 in memory already, are decoded when they are first asked for. */
export function heldTable(table: OpenTable): OpenTable {
  const { rows, format, locate } = table;
  if (locate === undefined || 4 * rows * format.width > memoryBytes) {
    return table;
  }
  let whole: ReturnType<OpenTable["floats"]> | null = null;
  const decoded: OpenTable["floats"] = async () => {
    const own = await table.floats();
    if (own !== null) {
      return own;
    }
    const every = Int32Array.from({ length: rows }, (_, row) => row);
    return { values: await floatRows(table, rowNumbers(every)), row: (keys) => locate.call(table, keys) };
  };
  return {
    ...storeOf(table),
    rows,
    format,
    stored: () => table.stored(),
    floats() {
      whole ??= decoded();
      return whole;
    },
  };
}

/** A store as a plain object, to be changed in parts. */
function storeOf(store: TableStore): TableStore {
  const { where, rowBytes, locate } = store;
  return {
    where,
    rowBytes,
    get absent() {
      return store.absent;
    },
    read: (keys, into, options) => store.read(keys, into, options),
    ...(locate === undefined ? {} : { locate: (keys) => locate.call(store, keys) }),
  };
}

/** Features of the items that were last asked for; what follows on is copied from them. */
export function heldItems(store: ItemRows): ItemRows {
  const last = new Map<string, { readonly rows: Int32Array; readonly values: readonly Uint8Array[] }>();
  return {
    ...storeOf(store),
    fields: store.fields,
    async read(keys, into, options) {
      if (keys.length < few || into.length === 0 || store.locate === undefined) {
        return store.read(keys, into, options);
      }
      const rows = store.locate(keys);
      const asked = into.map(({ from, bytes }) => `${from} ${bytes}`).join();
      const before = last.get(asked);
      const shared = before === undefined ? null : overlap(before.rows, rows);
      if (before === undefined || shared === null) {
        await store.read(rowNumbers(rows), into, options);
      } else {
        into.forEach(({ bytes, into: memory }, i) => {
          memory.set(before.values[i].subarray(shared.from * bytes, (shared.from + shared.count) * bytes));
        });
        const rest = (piece: Piece): Piece => ({ ...piece, into: piece.into.subarray(shared.count * piece.bytes) });
        if (shared.count < rows.length) {
          await store.read(rowNumbers(rows.subarray(shared.count)), into.map(rest), options);
        }
      }
      // The caller may change what it is given: an unknown item is still known by its key.
      last.set(asked, { rows, values: into.map((piece) => piece.into.slice()) });
      return Uint8Array.from(rows, (row) => (row > 0 ? 1 : 0));
    },
  };
}

/** Where the beginning of `next` stands in `before`, and how far the two agree; null where it is not worth it. */
export function overlap(before: Int32Array, next: Int32Array): { from: number; count: number } | null {
  let from = before.indexOf(next[0]);
  for (let tried = 0; from >= 0 && tried < tries; tried++) {
    const most = Math.min(before.length - from, next.length);
    let count = 0;
    while (count < most && before[from + count] === next[count]) {
      count++;
    }
    if (2 * count >= next.length) {
      return { from, count };
    }
    from = before.indexOf(next[0], from + 1);
  }
  return null;
}
