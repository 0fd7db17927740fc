// A lookup table: fixed-width rows; row 0 is the miss row, all zeros. In memory up to a limit, read from the file above.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import type { OpenTable, WholeRows } from "../table/live-tables.ts";
import { byNumber, type Locate } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import { type RowFormat, rowBytes } from "../table/precision.ts";
import { type StoredRows, storedRows } from "../table/stored-rows.ts";
import { bytesOf, type HitMask, type Piece, type ReadOptions, type RowKeys } from "../table/table-store.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { type FileRows, rowsIn } from "./file-rows.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1));

const Fields = v.object({
  rows: count,
  width: count,
  precision: v.picklist(["float32", "float16", "uint8"]),
  heads: v.array(count),
});

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
  readonly #locate: Locate;
  #store: MemoryRows | FileRows;
  #stored: ArrayBuffer | SharedArrayBuffer | null;
  /** A uint8 table in memory after `stored()`: its scales apart, instead of `#stored`. */
  #split: StoredRows | null = null;

  private constructor(image: TableImage, file: BlockFile | null, locate: Locate) {
    const { path, rows, format, stored } = image;
    this.path = path;
    this.rows = rows;
    this.format = format;
    this.header = file?.header ?? null;
    this.#stored = stored;
    this.#file = file;
    this.#locate = locate;
    this.#store = rowsIn({ path, rows, memory: stored }, file, rowBytes(format), locate);
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
    return this.#store instanceof MemoryRows;
  }

  /** @throws TwinError where the file is missing, foreign, truncated or damaged */
  static async open(path: string, options: TableOptions = {}): Promise<TableFile> {
    const { memoryLimit = defaultMemoryLimit, shared = false, locate = byNumber } = options;
    const file = await BlockFile.open(path, "table");
    try {
      const { rows, format } = readFields(file);
      const stored = file.payload <= memoryLimit ? file.readAll(shared) : null;
      const table = new TableFile({ path, rows, format, file: null, stored }, file, locate);
      if (table.absent.some((byte) => byte !== 0)) {
        throw new TwinError(`${path}: row 0 is the miss row and must be zeros. Build the tables again`);
      }
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
    if (this.#split !== null) {
      throw new Error(`${this.path} was rearranged for this thread`);
    }
    const { path, rows, format } = this;
    return { path, rows, format, file: this.inMemory ? null : (this.#file?.image() ?? null), stored: this.#stored };
  }

  locate(keys: RowKeys): Int32Array {
    return this.#store.locate(keys);
  }

  read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask> {
    return this.#store.read(keys, into, options);
  }

  async floats(): Promise<WholeRows<Float32Array> | null> {
    if (this.#stored === null || this.format.precision !== "float32") {
      return null;
    }
    return { values: new Float32Array(this.#stored), row: (keys) => this.locate(keys) };
  }

  /** float16 without a copy, uint8 rearranged once and kept so. */
  async stored(): Promise<WholeRows<StoredRows> | null> {
    const { precision, width } = this.format;
    let values = this.#split;
    if (values === null) {
      if (this.#stored === null || precision === "float32") {
        return null;
      }
      values = storedRows(new Uint8Array(this.#stored), this.format);
      if (values.affine !== null) {
        const sections = [
          { from: 0, bytes: width, memory: bytesOf(values.values) },
          { from: width, bytes: this.rowBytes - width, memory: bytesOf(values.affine) },
        ];
        this.#store = new MemoryRows(this.path, this.rows, sections, this.#locate);
        this.#split = values;
        this.#stored = null;
      }
    }
    return { values, row: (keys) => this.locate(keys) };
  }

  /** Reads and checks every block of the file. @throws TwinError naming the first damaged one */
  verify(): void {
    this.#file?.verify();
  }

  close(): void {
    this.#file?.close();
  }
}

function readFields(file: BlockFile): { rows: number; format: RowFormat } {
  const fields = v.safeParse(Fields, file.header);
  const bad = `${file.path} is not a table that this version of Twin reads: its header`;
  if (!fields.success) {
    throw new TwinError(`${bad} lacks proper ${v.getDotPath(fields.issues[0]) ?? "fields"}. Build the tables again`);
  }
  const { rows, width, precision, heads } = fields.output;
  const format = { precision, width, heads };
  const sum = heads.reduce((total, head) => total + head, 0);
  if (sum !== width || rows * rowBytes(format) !== file.payload) {
    throw new TwinError(`${bad} gives sizes that do not fit together. Build the tables again`);
  }
  return { rows, format };
}
