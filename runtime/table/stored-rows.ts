// Rows as they are stored, in the form in which graphs take them: float16 as it is, uint8 with its scales apart.
import { fromHalf } from "../../contract/half.ts";
import { type RowFormat, rowBytes } from "./precision.ts";

/** Rows of a float16 or uint8 table. */
export interface StoredRows {
  /** [rows, width]: the bits of float16, or uint8. */
  readonly values: Uint16Array | Uint8Array;
  /** uint8: scale and offset of each head of each row, [rows, 2 · heads]; float16: null. */
  readonly affine: Float32Array | null;
}

/**
 * Stored rows in that form: of float16 a view, of uint8 a copy.
 * @param bytes whole rows, at a multiple of 2 bytes
 */
export function storedRows(bytes: Uint8Array, format: RowFormat): StoredRows {
  const { precision, width, heads } = format;
  if (precision === "float16") {
    return { values: new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2), affine: null };
  }
  if (precision === "float32") {
    throw new RangeError("float32 rows are no stored rows: they are as graphs take them");
  }
  const stride = rowBytes(format);
  const rows = bytes.length / stride;
  const values = new Uint8Array(rows * width);
  const affine = new Float32Array(rows * 2 * heads.length);
  const words = new Uint8Array(affine.buffer);
  for (let row = 0; row < rows; row++) {
    const from = row * stride;
    values.set(bytes.subarray(from, from + width), row * width);
    words.set(bytes.subarray(from + width, from + stride), row * (stride - width));
  }
  return { values, affine };
}

/** Decodes one row to `into[offset …]`, as `decodeRows` does. */
export function decodeStored(
  stored: StoredRows,
  row: number,
  { width, heads }: RowFormat,
  into: Float32Array,
  offset: number,
): void {
  const { values, affine } = stored;
  let from = row * width;
  if (affine === null) {
    for (let i = 0; i < width; i++) {
      into[offset + i] = fromHalf(values[from + i]);
    }
    return;
  }
  let pair = row * 2 * heads.length;
  let to = offset;
  for (const head of heads) {
    const scale = affine[pair];
    const low = affine[pair + 1];
    for (let i = 0; i < head; i++) {
      into[to + i] = low + scale * values[from + i];
    }
    from += head;
    to += head;
    pair += 2;
  }
}
