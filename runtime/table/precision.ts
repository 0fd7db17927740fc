// Stored rows ↔ float32 rows: float32, float16 (nearest, ties to even) and uint8 (affine for each head).
import { TwinError } from "../../contract/error.ts";
import { fromHalf, toHalves } from "../../contract/half.ts";

export type Precision = "float32" | "float16" | "uint8";

/** How a row is stored. */
export interface RowFormat {
  readonly precision: Precision;
  /** Values of one row. */
  readonly width: number;
  /** Width of each head of each part, in order; their sum is `width`. uint8 keeps a scale and an offset for each. */
  readonly heads: readonly number[];
}

/** Whether stored rows of one format are stored rows of the other. */
export const sameFormat = (a: RowFormat, b: RowFormat): boolean =>
  a.precision === b.precision && a.width === b.width && a.heads.join() === b.heads.join();

/** The head widths of a row's parts. */
export function headsOf(parts: readonly { readonly heads: number; readonly dim: number }[]): number[] {
  return parts.flatMap(({ heads, dim }) => new Array<number>(heads).fill(dim));
}

/** Bytes of one stored row. */
export function rowBytes({ precision, width, heads }: RowFormat): number {
  return precision === "float32" ? 4 * width : precision === "float16" ? 2 * width : width + 8 * heads.length;
}

/**
 * Encodes rows.
 * @param values float32 [rows, width]
 * @param firstRow number of the first row, for errors
 * @param into memory for the stored rows, of their exact size, at a multiple of 4 bytes; default: memory of their own
 * @throws TwinError naming row and place of a value that is not finite, or too large for float16
 */
export function encodeRows(values: Float32Array, format: RowFormat, firstRow = 0, into?: Uint8Array): Uint8Array {
  const { precision, width } = format;
  const rows = values.length / width;
  if (!Number.isInteger(rows)) {
    throw new RangeError(`${values.length} values are no rows of ${width}`);
  }
  const bad = (at: number): never => {
    const place = `row ${firstRow + Math.floor(at / width)}, value ${at % width}`;
    throw new TwinError(
      Number.isFinite(values[at])
        ? `${place} of the table is ${values[at]}, beyond float16's 65504: say \`precision: float32\` for this table`
        : `${place} of the table is ${values[at]}: the projector's weights or inputs are broken`,
    );
  };
  const bytes = into ?? new Uint8Array(rows * rowBytes(format));
  if (bytes.length !== rows * rowBytes(format)) {
    throw new RangeError(`${rows} stored rows do not have ${bytes.length} bytes`);
  }
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  if (!allFinite(words)) {
    bad(words.findIndex((word) => (word & 0x7f800000) === 0x7f800000));
  }
  if (precision === "float32") {
    new Float32Array(bytes.buffer, bytes.byteOffset, values.length).set(values);
  } else if (precision === "float16") {
    const at = toHalves(words, new Uint16Array(bytes.buffer, bytes.byteOffset, values.length));
    if (at >= 0) {
      bad(at);
    }
  } else {
    quantise(values, format, rows, bytes);
  }
  return bytes;
}

/** An exponent of all ones, infinite or no number, carries into the sign bit; no branch for each value. */
function allFinite(words: Uint32Array): boolean {
  const even = words.length & ~3;
  let carried = 0;
  for (let i = 0; i < even; i += 4) {
    carried |=
      ((words[i] & 0x7f800000) + 0x800000) |
      ((words[i + 1] & 0x7f800000) + 0x800000) |
      ((words[i + 2] & 0x7f800000) + 0x800000) |
      ((words[i + 3] & 0x7f800000) + 0x800000);
  }
  for (let i = even; i < words.length; i++) {
    carried |= (words[i] & 0x7f800000) + 0x800000;
  }
  return carried >= 0;
}

function quantise(values: Float32Array, format: RowFormat, rows: number, bytes: Uint8Array): void {
  const { width, heads } = format;
  const stride = rowBytes(format);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < rows; row++) {
    let from = row * width;
    let to = row * stride;
    let affine = to + width;
    for (let h = 0; h < heads.length; h++) {
      const head = heads[h];
      const scale = quantiseHead(values, from, head, bytes, to);
      view.setFloat32(affine, scale, true);
      view.setFloat32(affine + 4, lowest, true);
      from += head;
      to += head;
      affine += 8;
    }
  }
}

/** Offset of the head that was quantised last. */
let lowest = 0;

/** @returns the scale */
function quantiseHead(values: Float32Array, from: number, head: number, bytes: Uint8Array, to: number): number {
  let low = values[from];
  let high = low;
  for (let i = 1; i < head; i++) {
    const value = values[from + i];
    if (value < low) {
      low = value;
    } else if (value > high) {
      high = value;
    }
  }
  lowest = low;
  const scale = Math.fround((high - low) / 255);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < head; i++) {
    // Not negative, so that cutting off rounds down.
    bytes[to + i] = Math.min(255, ((values[from + i] - low) * inverse + 0.5) | 0);
  }
  return scale;
}

/** Decodes `rows` stored rows that start at byte `from` into `into[offset …]`. */
export function decodeRows(
  bytes: Uint8Array,
  from: number,
  rows: number,
  format: RowFormat,
  into: Float32Array,
  offset: number,
): void {
  const { precision, width } = format;
  if (precision === "float32") {
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
      bytes.subarray(from, from + 4 * rows * width),
      4 * offset,
    );
    return;
  }
  if (precision === "float16") {
    for (let i = 0; i < rows * width; i++) {
      const at = from + 2 * i;
      into[offset + i] = fromHalf(bytes[at] | (bytes[at + 1] << 8));
    }
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stride = rowBytes(format);
  for (let row = 0; row < rows; row++) {
    let at = from + row * stride;
    let to = offset + row * width;
    let affine = at + width;
    for (const head of format.heads) {
      const scale = view.getFloat32(affine, true);
      const low = view.getFloat32(affine + 4, true);
      for (let i = 0; i < head; i++) {
        into[to + i] = low + scale * bytes[at + i];
      }
      at += head;
      to += head;
      affine += 8;
    }
  }
}
