// The rows of one table for one history: looked up, or projected where the item is not in it and the policy says so.

import type { FloatTensor, IntTensor, StoredTensor, Tensor } from "../session/session.ts";
import { floats, ints, storedTensorOf } from "../session/session.ts";
import type { OpenGeneration, OpenTable } from "../table/live-tables.ts";
import type { RowFormat } from "../table/precision.ts";
import { readRows } from "../table/read-rows.ts";
import { decodeStored, type StoredRows } from "../table/stored-rows.ts";
import type { ReadOptions, RowKeys } from "../table/table-store.ts";
import type { Engine } from "./engine.ts";
import { historyOf, together } from "./fetch.ts";
import type { HistorySide } from "./history.ts";
import { projection } from "./project.ts";

/** What enters a graph for one table, and what was found. */
export interface TableRows {
  readonly table: string;
  /** int32 [history]: row of each behaviour in `rows`; 0 is the miss row. */
  readonly row: Tensor;
  /** float32 [rows, width]; of stored rows decoded when first asked for. */
  readonly rows: Tensor;
  /** The same rows as they are stored, where the graphs have variants that take them so; else null. */
  readonly stored: StoredInputs | null;
  /** Behaviours found in the table. */
  readonly found: number;
  /** Which behaviours (newest first) are not in the table. */
  readonly missing: ReadonlySet<number>;
  /** How many those are. */
  readonly missed: number;
  /** Those of the missed that were projected in this request. */
  readonly computed: number;
}

/** What enters a variant for one table. */
export interface StoredInputs {
  /** int32 [history]: row of each behaviour in `rows`; 0 is the miss row. */
  readonly row: IntTensor;
  /** [rows, width] */
  readonly rows: StoredTensor;
  /** uint8: float32 [rows, 2 · heads], scale and offset of each head. */
  readonly scale: FloatTensor | null;
}

/** All is read and encoded: projects what the tables lack. */
export type Projecting<T> = () => Promise<T>;

/** The rows of several tables, each for the history that it belongs to; `generation` null: nothing is in a table. */
export async function rowsOfTables(...read: Parameters<typeof readTables>): Promise<ReadonlyMap<string, TableRows>> {
  return (await readTables(...read))();
}

/** The same in two steps: no graph runs before everything is read. */
export async function readTables(
  engine: Engine,
  tables: readonly string[],
  histories: ReadonlyMap<string, HistorySide>,
  generation: OpenGeneration | null,
  options?: ReadOptions,
): Promise<Projecting<ReadonlyMap<string, TableRows>>> {
  const reads = await together(
    tables.map((table) => {
      const history = historyOf(histories, engine.artefacts.manifest.tables[table].history);
      return readTable(engine, history, table, generation?.table(table) ?? null, options);
    }),
  );
  return async () => {
    const rows = await together(reads.map((projecting) => projecting()));
    return new Map(rows.map((one) => [one.table, one]));
  };
}

/** @param open the built table; null where there is none, then every row is projected */
export async function tableRows(...read: Parameters<typeof readTable>): Promise<TableRows> {
  return (await readTable(...read))();
}

async function readTable(
  engine: Engine,
  history: HistorySide,
  table: string,
  open: OpenTable | null,
  options?: ReadOptions,
): Promise<Projecting<TableRows>> {
  const { width, on_miss } = engine.artefacts.manifest.tables[table];
  const { count, length } = history;
  const keys = history.rowKeys;
  const use = open !== null && keys !== null ? { open, keys } : null;
  const takes = use !== null && engine.variants.takes(table, use.open.format);
  const whole =
    use === null || !engine.wholeTables || byKeyAlone(use.open)
      ? null
      : await wholeOf(use.open, use.keys, length, takes);
  if (whole !== null) {
    const looked = lookedUp(table, whole.row, count, on_miss);
    if (looked.computed === 0) {
      const { rows } = whole;
      return async () => Object.assign(rows, looked);
    }
  }
  const copied = use === null ? null : await copyOf(use.open, use.keys, length, takes, options);
  const row = copied?.row ?? new Int32Array(length);
  const looked = lookedUp(table, row, count, use === null ? "compute" : on_miss);
  if (use !== null && takes && copied?.stored && looked.computed === 0) {
    const { rows, scale } = copied.stored;
    const stored = { row: ints(row, length), rows, scale };
    const later = decodedLater(stored, use.open.format, length);
    return async () => Object.assign(later, looked, { stored });
  }
  const rows = copied?.floats() ?? new Float32Array((length + 1) * width);
  const missing = looked.computed > 0 ? [...looked.missing] : [];
  const projecting = missing.length === 0 ? null : await projection(engine, history, table, missing, options);
  return async () => {
    await projecting?.(rows, width);
    for (const i of missing) {
      row[i] = i + 1;
    }
    return { row: ints(row, length), rows: floats(rows, length + 1, width), stored: null, ...looked };
  };
}

/** Such a store is asked at once: it has no whole table to wait for. */
const byKeyAlone = ({ inMemory }: OpenTable): boolean => inMemory === false;

/** What a table has of the behaviours. @param row of each of them, 0 where it has none */
function lookedUp(
  table: string,
  row: Int32Array,
  count: number,
  onMiss: string,
): Pick<TableRows, "table" | "found" | "missing" | "missed" | "computed"> {
  const missing = new Set<number>();
  for (let i = 0; i < count; i++) {
    if (row[i] === 0) {
      missing.add(i);
    }
  }
  const missed = missing.size;
  return { table, found: count - missed, missing, missed, computed: onMiss === "compute" ? missed : 0 };
}

/** The whole table as it lies in memory, and the behaviours' places in it; null where it cannot be an input so. */
async function wholeOf(
  open: OpenTable,
  keys: RowKeys,
  length: number,
  takes: boolean,
): Promise<{ readonly row: Int32Array; readonly rows: Pick<TableRows, "row" | "rows" | "stored"> } | null> {
  const { width } = open.format;
  const stored = takes ? await open.stored() : null;
  if (stored !== null) {
    const found = stored.row(keys);
    if (found === null) {
      return null;
    }
    const row = padded(found, length);
    const inputs = { row: ints(row, length), ...storedTensors(stored.values, open.format) };
    return { row, rows: Object.assign(decodedLater(inputs, open.format, length), { stored: inputs }) };
  }
  const whole = takes ? null : await open.floats();
  const found = whole?.row(keys) ?? null;
  if (whole === null || found === null) {
    return null;
  }
  const row = padded(found, length);
  const rows = floats(whole.values, whole.values.length / width, width);
  return { row, rows: { row: ints(row, length), rows, stored: null } };
}

function padded(rows: Int32Array, length: number): Int32Array {
  const result = new Int32Array(length);
  result.set(rows);
  return result;
}

/** A copy of the behaviours' rows: that of behaviour i at i + 1, zeros at 0 and where there is none. */
async function copyOf(
  open: OpenTable,
  keys: RowKeys,
  length: number,
  takes: boolean,
  options?: ReadOptions,
): Promise<{
  /** i + 1 for a behaviour that the table has, else 0. */
  readonly row: Int32Array;
  /** Rows that are not float32, as they are stored. */
  readonly stored: Pick<StoredInputs, "rows" | "scale"> | null;
  floats(): Float32Array;
}> {
  const { format } = open;
  // float16 rows in memory are decoded where they lie.
  const decodes = !takes && format.precision === "float16" && !byKeyAlone(open);
  const whole = decodes ? await open.stored() : null;
  const places = whole?.row(keys) ?? null;
  if (whole !== null && places !== null) {
    const row = new Int32Array(length);
    for (let i = 0; i < places.length; i++) {
      row[i] = places[i] === 0 ? 0 : i + 1;
    }
    return { row, stored: null, floats: () => decodedRows(whole.values, places, format, length) };
  }
  const { hits, values, affine } = await readRows(open, keys, { before: 1, rows: length + 1 }, options);
  const row = new Int32Array(length);
  for (let i = 0; i < hits.length; i++) {
    row[i] = hits[i] === 0 ? 0 : i + 1;
  }
  if (values instanceof Float32Array) {
    return { row, stored: null, floats: () => values };
  }
  return {
    row,
    stored: storedTensors({ values, affine }, format),
    floats: () => decodedRows({ values, affine }, row, format, length),
  };
}

function storedTensors(
  { values, affine }: StoredRows,
  { width, heads }: RowFormat,
): Pick<StoredInputs, "rows" | "scale"> {
  const count = values.length / width;
  return {
    rows: storedTensorOf(values, [count, width]),
    scale: affine && floats(affine, count, 2 * heads.length),
  };
}

/** The float32 form of stored rows, made when a graph without a variant first asks: each behaviour has its own row. */
function decodedLater(stored: StoredInputs, format: RowFormat, length: number): Pick<TableRows, "row" | "rows"> {
  let rows: Tensor | null = null;
  const places = stored.row.data;
  return {
    row: ints(
      places.map((one, i) => (one === 0 ? 0 : i + 1)),
      length,
    ),
    get rows() {
      const from = { values: stored.rows.data, affine: stored.scale?.data ?? null };
      rows ??= floats(decodedRows(from, places, format, length), length + 1, format.width);
      return rows;
    },
  };
}

function decodedRows(from: StoredRows, places: Int32Array, format: RowFormat, length: number): Float32Array {
  const decoded = new Float32Array((length + 1) * format.width);
  for (let i = 0; i < places.length; i++) {
    if (places[i] !== 0) {
      decodeStored(from, places[i], format, decoded, (i + 1) * format.width);
    }
  }
  return decoded;
}
