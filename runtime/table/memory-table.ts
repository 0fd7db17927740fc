// A lookup table that lies in memory: of this thread, or shared with others.
import type { OpenTable, WholeRows } from "./live-tables.ts";
import type { Locate } from "./locate.ts";
import { MemoryRows } from "./memory-rows.ts";
import { type RowFormat, rowBytes } from "./precision.ts";
import { type StoredRows, storedRows } from "./stored-rows.ts";
import { bytesOf, type HitMask, type Piece, type ReadOptions, type RowKeys } from "./table-store.ts";

export class MemoryTable implements OpenTable {
  readonly where: string;
  /** Rows, the miss row among them. */
  readonly rows: number;
  readonly format: RowFormat;
  readonly rowBytes: number;
  readonly #locate: Locate;
  #store: MemoryRows;
  #memory: ArrayBuffer | SharedArrayBuffer | null;
  /** A uint8 table after `stored()`: its scales apart, instead of `#memory`. */
  #split: StoredRows | null = null;

  constructor(where: string, rows: number, format: RowFormat, memory: ArrayBuffer | SharedArrayBuffer, locate: Locate) {
    this.where = where;
    this.rows = rows;
    this.format = format;
    this.rowBytes = rowBytes(format);
    this.#locate = locate;
    this.#memory = memory;
    this.#store = new MemoryRows(
      where,
      rows,
      [{ from: 0, bytes: this.rowBytes, memory: new Uint8Array(memory) }],
      locate,
    );
  }

  /** The rows as they were read; null once they were rearranged for this thread. */
  get memory(): ArrayBuffer | SharedArrayBuffer | null {
    return this.#memory;
  }

  get absent(): Uint8Array {
    return this.#store.absent;
  }

  locate(keys: RowKeys): Int32Array {
    return this.#store.locate(keys);
  }

  read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask> {
    return this.#store.read(keys, into, options);
  }

  async floats(): Promise<WholeRows<Float32Array> | null> {
    if (this.#memory === null || this.format.precision !== "float32") {
      return null;
    }
    return { values: new Float32Array(this.#memory), row: (keys) => this.locate(keys) };
  }

  /** float16 without a copy, uint8 rearranged once and kept so. */
  async stored(): Promise<WholeRows<StoredRows> | null> {
    const { precision, width } = this.format;
    let values = this.#split;
    if (values === null) {
      if (this.#memory === null || precision === "float32") {
        return null;
      }
      values = storedRows(new Uint8Array(this.#memory), this.format);
      if (values.affine !== null) {
        const sections = [
          { from: 0, bytes: width, memory: bytesOf(values.values) },
          { from: width, bytes: this.rowBytes - width, memory: bytesOf(values.affine) },
        ];
        this.#store = new MemoryRows(this.where, this.rows, sections, this.#locate);
        this.#split = values;
        this.#memory = null;
      }
    }
    return { values, row: (keys) => this.locate(keys) };
  }
}
