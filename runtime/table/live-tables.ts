// What a request needs of the tables in use: rows, item features and ordinals by key, whatever holds them.
import type { RawKeys } from "../encode/keys.ts";
import type { Freshness } from "./freshness.ts";
import type { ItemSource } from "./item-columns.ts";
import type { RowFormat } from "./precision.ts";
import type { StoredRows } from "./stored-rows.ts";

/** One table, opened. Row 0 is the miss row, zeros. */
export interface OpenTable {
  readonly rows: number;
  /** How its rows are stored. */
  readonly format: RowFormat;
  /** All rows as they lie in memory, float32 [rows, width]; null where they are narrower, or stay in their file. */
  whole(): Float32Array | null;
  /** Decoded rows of ordinals to `into[offset …]`; zeros where the table lacks one. */
  gather(ordinals: Int32Array, into: Float32Array, offset: number): void;
  /** All rows as they are stored; null where they are float32, or stay in their file. */
  stored(): StoredRows | null;
  /** Rows of ordinals as they are stored, in a copy, zeros where the table lacks one; null where they are float32. */
  gatherStored(ordinals: Int32Array): StoredRows | null;
}

/** One generation, opened. */
export interface OpenGeneration {
  readonly number: number;
  /** Keeps its files open until what it returns is called, whatever generation is taken into use meanwhile. */
  hold(): () => void;
  /** Items in it; their ordinals are 1 … items. */
  readonly items: number;
  readonly store: ItemSource;
  /** Ordinal of each key, 0 where it is unknown. @throws TwinError naming index and value of what is no key */
  ordinals(keys: RawKeys, where: string): Int32Array;
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
