// A lookup table: fixed-width rows; row 0 is the miss row, all zeros. In memory up to a limit, read from the file above.
import type { OpenTable, WholeRows } from "../table/live-tables.ts";
import { byNumber, type Locate } from "../table/locate.ts";
import { MemoryTable } from "../table/memory-table.ts";
import { type RowFormat, rowBytes } from "../table/precision.ts";
import type { StoredRows } from "../table/stored-rows.ts";
import { expectZeros, readTableHeader } from "../table/table-header.ts";
import type { HitMask, Piece, ReadOptions, RowKeys } from "../table/table-store.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { FileRows, openedFile } from "./file-rows.ts";

/** Tables above this many bytes stay in their file, unless told otherwise: 2 GB. */
export const defaultMemoryLimit = 2 ** 31;

export interface TableOptions {
  /** Largest number of bytes to hold in memory; default 2 GB. */
  readonly memoryLimit?: number;
  /** Memory that worker threads can share. */
  readonly shared?: boolean;
  /** How rows are found by key; default: they are read by their numbers. */
  readonly locate?: Locate;
}

/** What another thread needs to open the same table without a second copy: can be posted to a worker. */
export interface TableImage {
  readonly path: string;
  readonly rows: number;
  readonly format: RowFormat;
  /** The open file where rows are read from it; else null. */
  readonly file: BlockImage | null;
  /** The stored rows; null where they stay in the file. */
  readonly stored: ArrayBuffer | SharedArrayBuffer | null;
}

export class TableFile implements OpenTable {
  readonly path: string;
  /** Rows, the miss row among them. */
  readonly rows: number;
  readonly format: RowFormat;
  /** Header of the file; null in a table attached to another thread's memory. */
  readonly header: Readonly<Record<string, unknown>> | null;
  readonly #file: BlockFile | null;
  readonly #store: MemoryTable | FileRows;

  private constructor(image: TableImage, file: BlockFile | null, locate: Locate) {
    const { path, rows, format, stored } = image;
    this.path = path;
    this.rows = rows;
    this.format = format;
    this.header = file?.header ?? null;
    this.#file = file;
    this.#store =
      stored === null
        ? new FileRows(openedFile(path, file), rows, rowBytes(format), locate)
        : new MemoryTable(path, rows, format, stored, locate);
  }

  get where(): string {
    return this.path;
  }

  get rowBytes(): number {
    return rowBytes(this.format);
  }

  get absent(): Uint8Array {
    return this.#store.absent;
  }

  /** Whether rows are read without the file. */
  get inMemory(): boolean {
    return this.#store instanceof MemoryTable;
  }

  /** @throws TwinError where the file is missing, foreign, truncated or damaged */
  static async open(path: string, options: TableOptions = {}): Promise<TableFile> {
    const { memoryLimit = defaultMemoryLimit, shared = false, locate = byNumber } = options;
    const file = await BlockFile.open(path, "table");
    try {
      const { rows, format } = readTableHeader(file);
      const stored = file.payload <= memoryLimit ? file.readAll(shared) : null;
      const table = new TableFile({ path, rows, format, file: null, stored }, file, locate);
      expectZeros(path, table.absent);
      return table;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The table of another thread, over the same memory. */
  static async attach(image: TableImage, locate: Locate = byNumber): Promise<TableFile> {
    return new TableFile(image, image.file && (await BlockFile.attach(image.file)), locate);
  }

  /** For `attach` in another thread; `shared` must have been asked for, or posting copies the memory. */
  image(): TableImage {
    const { path, rows, format } = this;
    if (this.#store instanceof FileRows) {
      return { path, rows, format, file: this.#file?.image() ?? null, stored: null };
    }
    const stored = this.#store.memory;
    if (stored === null) {
      throw new Error(`${path} was rearranged for this thread`);
    }
    return { path, rows, format, file: null, stored };
  }

  locate(keys: RowKeys): Int32Array {
    return this.#store.locate(keys);
  }

  read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask> {
    return this.#store.read(keys, into, options);
  }

  async floats(): Promise<WholeRows<Float32Array> | null> {
    return this.#store instanceof MemoryTable ? this.#store.floats() : null;
  }

  async stored(): Promise<WholeRows<StoredRows> | null> {
    return this.#store instanceof MemoryTable ? this.#store.stored() : null;
  }

  /** Reads and checks every block of the file. @throws TwinError naming the first damaged one */
  verify(): void {
    this.#file?.verify();
  }

  close(): void {
    this.#file?.close();
  }
}
