// A lookup table: fixed-width rows; row 0 is the miss row, all zeros. In memory up to a limit, read from the file above.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { fromHalf } from "../../contract/half.ts";
import { decodeRows, encodeRows, type Precision, type RowFormat, rowBytes } from "../table/precision.ts";
import { decodeStored, gatherStored, type StoredRows, storedRows } from "../table/stored-rows.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { BlockWriter } from "./block-writer.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1));

const Fields = v.object({
  rows: count,
  width: count,
  precision: v.picklist(["float32", "float16", "uint8"]),
  heads: v.array(count),
});

/** Tables above this many bytes stay in their file, unless told otherwise: 2 GB. */
export const MEMORY_LIMIT = 2 ** 31;

export interface TableOptions {
  /** Largest number of bytes to hold in memory; default 2 GB. */
  readonly memoryLimit?: number;
  /** Memory that worker threads can share. */
  readonly shared?: boolean;
}

/** What another thread needs to open the same table without a second copy: can be posted to a worker. */
export interface TableImage {
  readonly path: string;
  readonly rows: number;
  readonly format: RowFormat;
  readonly memoryLimit: number;
  /** The open file where rows are read from it; else null. */
  readonly file: BlockImage | null;
  /** The stored rows; null where they stay in the file. */
  readonly stored: ArrayBuffer | SharedArrayBuffer | null;
  /** The rows as float32; null until `whole()` made them. */
  readonly floats: Float32Array | null;
}

export class TableFile {
  readonly path: string;
  /** Rows, the miss row among them. */
  readonly rows: number;
  readonly width: number;
  readonly precision: Precision;
  /** Header of the file; null in a table attached to another thread's memory. */
  readonly header: Readonly<Record<string, unknown>> | null;
  readonly #format: RowFormat;
  readonly #memoryLimit: number;
  readonly #shared: boolean;
  readonly #file: BlockFile | null;
  #stored: Uint8Array | null;
  /** The stored rows of a float16 table in memory. */
  #halves: Uint16Array | null;
  /** A uint8 table in memory after `stored()`: its scales apart, instead of `#stored`. */
  #split: StoredRows | null = null;
  #floats: Float32Array | null;

  private constructor(image: TableImage, file: BlockFile | null, shared: boolean) {
    this.path = image.path;
    this.rows = image.rows;
    this.width = image.format.width;
    this.precision = image.format.precision;
    this.header = file?.header ?? null;
    this.#format = image.format;
    this.#memoryLimit = image.memoryLimit;
    this.#shared = shared;
    this.#file = file;
    this.#stored = image.stored && new Uint8Array(image.stored);
    this.#floats = image.floats;
    this.#halves = image.stored && this.precision === "float16" ? new Uint16Array(image.stored) : null;
    if (this.precision === "float32" && image.stored) {
      this.#floats = new Float32Array(image.stored);
    }
  }

  get format(): RowFormat {
    return this.#format;
  }

  /** Whether rows are read without the file. */
  get inMemory(): boolean {
    return this.#stored !== null || this.#split !== null || this.#floats !== null;
  }

  /** @throws TwinError where the file is missing, foreign, truncated or damaged */
  static async open(path: string, options: TableOptions = {}): Promise<TableFile> {
    const { memoryLimit = MEMORY_LIMIT, shared = false } = options;
    const file = await BlockFile.open(path, "table");
    try {
      const { rows, format } = readFields(file);
      const stored = file.payload <= memoryLimit ? file.readAll(shared) : null;
      const table = new TableFile({ path, rows, format, memoryLimit, file: null, stored, floats: null }, file, shared);
      table.#checkMissRow();
      return table;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The table of another thread, over the same memory. */
  static async attach(image: TableImage): Promise<TableFile> {
    return new TableFile(image, image.file && (await BlockFile.attach(image.file)), true);
  }

  /** For `attach` in another thread; `shared` must have been asked for, or posting copies the memory. */
  image(): TableImage {
    return {
      path: this.path,
      rows: this.rows,
      format: this.#format,
      memoryLimit: this.#memoryLimit,
      file: this.inMemory ? null : this.#file!.image(),
      stored: this.#stored ? (this.#stored.buffer as ArrayBuffer | SharedArrayBuffer) : null,
      floats: this.precision === "float32" ? null : this.#floats,
    };
  }

  /**
   * The whole table, float32 [rows, width]: float32 rows in memory are given as they are, without a copy; narrower
   * ones are decoded once and kept so.
   * @returns null where it does not fit under the memory limit
   */
  whole(): Float32Array | null {
    const inMemory = this.#stored !== null || this.#split !== null;
    if (this.#floats === null && inMemory && 4 * this.rows * this.width <= this.#memoryLimit) {
      const bytes = 4 * this.rows * this.width;
      const floats = new Float32Array(this.#shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
      if (this.#stored !== null) decodeRows(this.#stored, 0, this.rows, this.#format, floats, 0);
      for (let row = 0; this.#split !== null && row < this.rows; row++) {
        decodeStored(this.#split, row, this.#format, floats, row * this.width);
      }
      this.#floats = floats;
      this.#stored = null;
      this.#halves = null;
      this.#split = null;
    }
    return this.#floats;
  }

  /**
   * The whole table as it is stored, for graphs that take it so: float16 without a copy, uint8 rearranged once and kept
   * so. Null for float32 rows, and for those that stay in their file or were decoded by `whole()`.
   */
  stored(): StoredRows | null {
    if (this.#split !== null || this.#stored === null || this.precision === "float32") return this.#split;
    const rows = storedRows(this.#stored, this.#format);
    if (this.precision === "uint8") {
      this.#split = rows;
      this.#stored = null;
    }
    return rows;
  }

  /**
   * Rows of items as they are stored, in a copy; zeros for an item that the table does not hold. Null where `stored()`
   * is null, save that rows are read from their file.
   */
  gatherStored(ordinals: Int32Array): StoredRows | null {
    if (this.precision === "float32" || this.#floats !== null) return null;
    if (this.#split !== null) return gatherStored(this.#split, this.rowsOf(ordinals), this.#format);
    const stride = rowBytes(this.#format);
    const bytes = new Uint8Array(ordinals.length * stride);
    for (let i = 0; i < ordinals.length; i++) {
      const ordinal = ordinals[i];
      if (!(ordinal > 0 && ordinal < this.rows)) continue;
      if (this.#stored) bytes.set(this.#stored.subarray(ordinal * stride, (ordinal + 1) * stride), i * stride);
      else this.#file!.read(ordinal * stride, bytes.subarray(i * stride, (i + 1) * stride));
    }
    return storedRows(bytes, this.#format);
  }

  /** Row of each item: its ordinal where the table holds it, else 0, the miss row. */
  rowsOf(ordinals: Int32Array): Int32Array {
    const rows = new Int32Array(ordinals.length);
    for (let i = 0; i < rows.length; i++) {
      rows[i] = ordinals[i] > 0 && ordinals[i] < this.rows ? ordinals[i] : 0;
    }
    return rows;
  }

  /**
   * Rows of items, decoded: that of `ordinals[i]` to `into[offset + i·width …]`. Zeros for an item that the table
   * does not hold.
   */
  gather(ordinals: Int32Array, into: Float32Array, offset = 0): void {
    const { width } = this;
    if (offset + ordinals.length * width > into.length) {
      throw new RangeError(`${ordinals.length} rows of ${width} do not fit into ${into.length - offset} values`);
    }
    const floats = this.#floats;
    const stored = this.#stored;
    const halves = this.#halves;
    const split = this.#split;
    const stride = rowBytes(this.#format);
    const row = new Uint8Array(stored || floats || split ? 0 : stride);
    for (let i = 0; i < ordinals.length; i++) {
      const ordinal = ordinals[i];
      const to = offset + i * width;
      if (!(ordinal > 0 && ordinal < this.rows)) {
        into.fill(0, to, to + width);
      } else if (floats) {
        const from = ordinal * width;
        for (let j = 0; j < width; j++) {
          into[to + j] = floats[from + j];
        }
      } else if (halves) {
        const from = ordinal * width;
        for (let j = 0; j < width; j++) {
          into[to + j] = fromHalf(halves[from + j]);
        }
      } else if (split) {
        decodeStored(split, ordinal, this.#format, into, to);
      } else if (stored) {
        decodeRows(stored, ordinal * stride, 1, this.#format, into, to);
      } else {
        this.#file!.read(ordinal * stride, row);
        decodeRows(row, 0, 1, this.#format, into, to);
      }
    }
  }

  /** Reads and checks every block of the file. @throws TwinError naming the first damaged one */
  verify(): void {
    this.#file?.verify();
  }

  close(): void {
    this.#file?.close();
  }

  #checkMissRow(): void {
    const bytes = new Uint8Array(rowBytes(this.#format));
    if (this.#stored) {
      bytes.set(this.#stored.subarray(0, bytes.length));
    } else {
      this.#file!.read(0, bytes);
    }
    if (bytes.some((byte) => byte !== 0)) {
      throw new TwinError(`${this.path}: row 0 is the miss row and must be zeros. Build the tables again`);
    }
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

/** Writes a table row by row; the miss row is written first, by itself. */
export class TableWriter {
  readonly #writer: BlockWriter;
  readonly #format: RowFormat;
  #rows = 1;

  private constructor(writer: BlockWriter, format: RowFormat) {
    this.#writer = writer;
    this.#format = format;
    writer.write(new Uint8Array(rowBytes(format)));
  }

  /** @param fields what else the header says: fingerprints, key type, step, made_at */
  static async create(path: string, format: RowFormat, fields: Record<string, unknown> = {}): Promise<TableWriter> {
    const { precision, width, heads } = format;
    const writer = await BlockWriter.create(path, "table", { ...fields, precision, width, heads });
    return new TableWriter(writer, format);
  }

  /** Rows so far, the miss row among them. */
  get rows(): number {
    return this.#rows;
  }

  /** @param values float32 [rows, width], for the next ordinals */
  write(values: Float32Array): void {
    this.#writer.write(encodeRows(values, this.#format, this.#rows));
    this.#rows += values.length / this.#format.width;
  }

  /** Appends rows that `encodeRows` made, in another thread for example. */
  writeEncoded(rows: Uint8Array): void {
    this.#writer.write(rows);
    this.#rows += rows.length / rowBytes(this.#format);
  }

  finish(): void {
    this.#writer.finish({ rows: this.#rows });
  }

  abort(): void {
    this.#writer.abort();
  }
}
