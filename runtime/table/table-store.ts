// A store of fixed-width rows by key: rows of tables, records of items and rows of embedding tables, wherever they lie.
import { type KeyColumn, pickKeys } from "../encode/keys.ts";

/** Rows by their numbers, where who asks knows them: those of an embedding table, items by their ordinals. */
export interface RowNumbers {
  readonly type: "row";
  readonly length: number;
  readonly rows: Int32Array;
}

/** Which rows are read. Nobody changes them: a store may remember what it found for them. */
export type RowKeys = KeyColumn | RowNumbers;

/** Some bytes of every row that is read, in memory of whoever reads: that of key i to `into[i · bytes …]`. */
export interface Piece {
  /** First byte in a row. */
  readonly from: number;
  readonly bytes: number;
  /** keys · bytes, at a multiple of 4 where `from` and `bytes` are such. */
  readonly into: Uint8Array;
}

/** Of each key: 1 where the store has its row, 0 where it knows that there is none. */
export type HitMask = Uint8Array;

export interface ReadOptions {
  /** Ends the reading: the deadline of a request, or its caller gone away. */
  readonly signal?: AbortSignal | null;
}

/**
 * Rows as they are stored: nothing is decoded, so that who reads may take them as they are. Reads of one request are
 * under way together. A store that could not ask for every key rejects: it never says of a row that there is none.
 */
export interface TableStore {
  /** Where the rows lie, for errors. */
  readonly where: string;
  readonly rowBytes: number;
  /** What stands in the pieces of a key that it does not have. */
  readonly absent: Uint8Array;
  /** Whether the rows lie in memory of this process: then nothing is won by keeping some of them. */
  readonly inMemory?: boolean;
  /**
   * Reads pieces of the rows of all keys, a key any number of times; without pieces it says only which there are.
   * @throws TwinError (by rejecting) naming the place, where rows cannot be read or are damaged; the signal's reason
   */
  read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask>;
  /** Number of each key's row, 0 where there is none; only where nobody has to be asked for it. */
  locate?(keys: RowKeys): Int32Array;
}

/** The keys at the given places, in their order. */
export function pickRowKeys(keys: RowKeys, places: Int32Array): RowKeys {
  if (keys.type !== "row") {
    return pickKeys(keys, places);
  }
  const rows = new Int32Array(places.length);
  for (let i = 0; i < places.length; i++) {
    rows[i] = keys.rows[places[i]];
  }
  return { type: "row", length: rows.length, rows };
}

export function rowNumbers(rows: Int32Array): RowNumbers {
  return { type: "row", length: rows.length, rows };
}

/** The face of a store as an object of its own, to which more may be added. */
export const viewOf = (store: TableStore): TableStore => ({
  where: store.where,
  rowBytes: store.rowBytes,
  get absent() {
    return store.absent;
  },
  ...(store.inMemory !== undefined && { inMemory: store.inMemory }),
  ...(store.locate && { locate: (keys: RowKeys) => store.locate!(keys) }),
  read: (keys, into, options) => store.read(keys, into, options),
});

/** The bytes of a typed array. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @throws RangeError where a piece is none of such rows, or its memory has another size */
export function expectRoom({ rowBytes }: Pick<TableStore, "rowBytes">, keys: RowKeys, into: readonly Piece[]): void {
  for (const { from, bytes, into: memory } of into) {
    if (!(from >= 0 && bytes > 0 && from + bytes <= rowBytes)) {
      throw new RangeError(`bytes ${from} … ${from + bytes} are no piece of a row of ${rowBytes}`);
    }
    if (memory.length !== keys.length * bytes) {
      throw new RangeError(`${keys.length} pieces of ${bytes} bytes do not lie in ${memory.length}`);
    }
  }
}

/** Copies the pieces of row i, which lies at `at`. */
export function putRow(row: Uint8Array, at: number, i: number, into: readonly Piece[]): void {
  for (const { from, bytes, into: memory } of into) {
    const to = i * bytes;
    if (bytes > 32) {
      memory.set(row.subarray(at + from, at + from + bytes), to);
    } else {
      for (let j = 0; j < bytes; j++) {
        memory[to + j] = row[at + from + j];
      }
    }
  }
}
