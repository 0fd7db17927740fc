// The store of rows that stay in their block file, and are read from it one by one.
import { type Locate, within } from "../table/locate.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  type TableStore,
} from "../table/table-store.ts";
import type { BlockFile } from "./block-file.ts";
import { othersTurn, turn } from "./turn.ts";

/**
 * The file in which rows are that lie in no memory.
 * @throws Error where there is none: a fault of ours
 */
export function openedFile(path: string, file: BlockFile | null): BlockFile {
  if (file === null) {
    throw new Error(`the rows of ${path} are neither in memory nor in an open file`);
  }
  return file;
}

export class FileRows implements TableStore {
  readonly rows: number;
  readonly rowBytes: number;
  readonly locate: Locate;
  readonly #file: BlockFile;
  #absent: Uint8Array | null = null;

  /** Rows from the beginning of the file on; row 0 is the one of what is absent. */
  constructor(file: BlockFile, rows: number, rowBytes: number, locate: Locate) {
    this.rows = rows;
    this.rowBytes = rowBytes;
    this.#file = file;
    this.locate = within(locate, rows);
  }

  get where(): string {
    return this.#file.path;
  }

  get absent(): Uint8Array {
    if (this.#absent === null) {
      this.#absent = new Uint8Array(this.rowBytes);
      this.#file.read(0, this.#absent);
    }
    return this.#absent;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const rows = this.locate(keys);
    const hits = new Uint8Array(rows.length);
    // What lies between the pieces is read with them: one read a row.
    const first = into.reduce((least, { from }) => Math.min(least, from), this.rowBytes);
    const end = into.reduce((most, { from, bytes }) => Math.max(most, from + bytes), 0);
    // What is one piece is read where it is due, else beside it.
    const [only] = into;
    const row = into.length === 1 ? null : new Uint8Array(this.rowBytes);
    const part = row?.subarray(first, end);
    for (let i = 0; i < rows.length; i++) {
      if (i % turn === turn - 1 && into.length > 0) {
        await othersTurn(signal);
      }
      hits[i] = rows[i] > 0 ? 1 : 0;
      if (hits[i] === 0) {
        putRow(this.absent, 0, i, into);
      } else if (row === null) {
        this.#file.read(rows[i] * this.rowBytes + first, only.into.subarray(i * only.bytes, (i + 1) * only.bytes));
      } else if (part !== undefined && into.length > 0) {
        this.#file.read(rows[i] * this.rowBytes + first, part);
        putRow(row, 0, i, into);
      }
    }
    return hits;
  }
}
