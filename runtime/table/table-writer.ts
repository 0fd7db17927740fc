// Writes a table row by row; the miss row is written first, by itself.
import { BlockWriter } from "../bytes/block-writer.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { encodeRows, type RowFormat, rowBytes } from "./precision.ts";

/** Whoever writes waits for each call before the next. */
export class TableWriter {
  readonly #writer: BlockWriter;
  readonly #format: RowFormat;
  #rows = 1;

  private constructor(writer: BlockWriter, format: RowFormat) {
    this.#writer = writer;
    this.#format = format;
  }

  /** @param fields what else the header says: fingerprints, key type, step, made_at */
  static async create(sink: ByteSink, format: RowFormat, fields: Record<string, unknown> = {}): Promise<TableWriter> {
    const { precision, width, heads } = format;
    const writer = await BlockWriter.create(sink, "table", { ...fields, precision, width, heads });
    await writer.write(new Uint8Array(rowBytes(format)));
    return new TableWriter(writer, format);
  }

  /** Rows so far, the miss row among them. */
  get rows(): number {
    return this.#rows;
  }

  /** @param values float32 [rows, width], for the next ordinals */
  async write(values: Float32Array): Promise<void> {
    await this.#writer.write(encodeRows(values, this.#format, this.#rows));
    this.#rows += values.length / this.#format.width;
  }

  /** Appends rows that `encodeRows` made, in another thread for example. */
  async writeEncoded(rows: Uint8Array): Promise<void> {
    await this.#writer.write(rows);
    this.#rows += rows.length / rowBytes(this.#format);
  }

  finish(): Promise<void> {
    return this.#writer.finish({ rows: this.#rows });
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
