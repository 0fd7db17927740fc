// Rows of a table, read into memory of the form in which graphs take them.
import type { OpenTable } from "./live-tables.ts";
import { decodeStored } from "./stored-rows.ts";
import { bytesOf, type HitMask, type Piece, type ReadOptions, type RowKeys } from "./table-store.ts";

/** Rows of any precision: float32, the bits of float16, or uint8 with scale and offset of each head apart. */
export interface RowArrays {
  /** [rows, width] */
  readonly values: Float32Array | Uint16Array | Uint8Array;
  /** uint8: [rows, 2 · heads]; else null. */
  readonly affine: Float32Array | null;
}

/**
 * Reads the rows of keys.
 * @param space rows that are left as zeros before them, and all rows
 */
export async function readRows(
  table: Pick<OpenTable, "format" | "read">,
  keys: RowKeys,
  { before, rows }: { readonly before: number; readonly rows: number },
  options?: ReadOptions,
): Promise<RowArrays & { readonly hits: HitMask }> {
  const { width, heads, precision } = table.format;
  const kind = precision === "float32" ? Float32Array : precision === "float16" ? Uint16Array : Uint8Array;
  const values = new kind(rows * width);
  const affine = precision === "uint8" ? new Float32Array(rows * 2 * heads.length) : null;
  const part = (memory: ArrayBufferView, from: number, bytes: number): Piece => ({
    from,
    bytes,
    into: bytesOf(memory).subarray(before * bytes, (before + keys.length) * bytes),
  });
  const pieces = [part(values, 0, width * values.BYTES_PER_ELEMENT)];
  if (affine !== null) {
    pieces.push(part(affine, width, 8 * heads.length));
  }
  return { values, affine, hits: await table.read(keys, pieces, options) };
}

/** The float32 rows of keys, one after the other; zeros where the table has none. */
export async function floatRows(
  table: Pick<OpenTable, "format" | "read">,
  keys: RowKeys,
  options?: ReadOptions,
): Promise<Float32Array> {
  const { values, affine } = await readRows(table, keys, { before: 0, rows: keys.length }, options);
  if (values instanceof Float32Array) {
    return values;
  }
  const { format } = table;
  const floats = new Float32Array(keys.length * format.width);
  for (let i = 0; i < keys.length; i++) {
    decodeStored({ values, affine }, i, format, floats, i * format.width);
  }
  return floats;
}
