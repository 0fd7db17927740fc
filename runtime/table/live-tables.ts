// What a request needs of the tables in use: rows and item features by key, whatever holds them.
import type { Freshness } from "./freshness.ts";
import type { ItemRows } from "./item-rows.ts";
import type { RowFormat } from "./precision.ts";
import type { StoredRows } from "./stored-rows.ts";
import type { RowKeys, TableStore } from "./table-store.ts";

/** Every row of a table where it lies in memory of this thread; row 0 is the miss row, zeros. */
export interface WholeRows<T> {
  readonly values: T;
  /** Row of each key, 0 where the table has none; null where some of the rows lie elsewhere by now: read them. */
  row(keys: RowKeys): Int32Array | null;
}

/** One table, opened: a store of its rows, zeros for a key that it does not have. */
export interface OpenTable extends TableStore {
  /** Rows, the miss row among them. */
  readonly rows: number;
  /** How its rows are stored. */
  readonly format: RowFormat;
  /** False where rows are read by key alone: there is no whole table. */
  readonly inMemory?: boolean;
  /** float32 [rows, width]; null where rows are narrower, or are read by key. */
  floats(): Promise<WholeRows<Float32Array> | null>;
  /** All rows as they are stored; null where they are float32, or are read by key. */
  stored(): Promise<WholeRows<StoredRows> | null>;
}

/** One generation, opened. */
export interface OpenGeneration {
  readonly number: number;
  /** Keeps its files open until what it returns is called, whatever generation is taken into use meanwhile. */
  hold(): () => void;
  /** Items in it. */
  readonly items: number;
  readonly store: ItemRows;
  /** Keys as its stores read them. @throws TwinError naming index and value of what is no key */
  keys(keys: ArrayLike<unknown>, where: string): RowKeys;
  table(name: string): OpenTable | null;
  /** Of every table of the model. @param now epoch seconds */
  freshness(now: number): Freshness[];
}

export interface LiveTables {
  /** Seconds that a table made with other weights may be old. */
  readonly maxStaleness: number;
  /** The generation in use; null where none is built. */
  current(): OpenGeneration | null;
}
