// A column of raw values as it comes out of a file: a typed array where nothing is missing, else a list with nulls.
import { alike } from "../../contract/alike.ts";

export type DataValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly (number | bigint | string | null)[]
  | Float32Array;

export type TypedData = Int32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

export type DataColumn = TypedData | readonly DataValue[];

const isTyped = (column: DataColumn): column is TypedData => ArrayBuffer.isView(column);

export function columnLength(column: DataColumn): number {
  return column.length;
}

export function valueAt(column: DataColumn, row: number): DataValue {
  return column[row];
}

/** A column that its query gives as numbers without gaps. */
export function numbersOf(column: DataColumn): ArrayLike<number> {
  if (column instanceof BigInt64Array || column instanceof BigUint64Array) {
    throw new Error("a column of numbers is due, and its integers are 64 bits wide");
  }
  if (isTyped(column) || column.every((value) => typeof value === "number")) {
    return column;
  }
  throw new Error("a column of numbers is due, and it holds something else");
}

/** A column that its query gives as numbers, null where one is missing. */
export function numbersOrNulls(column: DataColumn): ArrayLike<number | null> {
  if (!isTyped(column) && column.every((value) => value === null || typeof value === "number")) {
    return column;
  }
  return numbersOf(column);
}

/** A column that its query gives as keys: 64-bit integers or texts, null where one is missing. */
export function keysOf(column: DataColumn): BigInt64Array | readonly (bigint | string | null)[] {
  if (column instanceof BigInt64Array) {
    return column;
  }
  if (
    !isTyped(column) &&
    column.every((value) => value === null || typeof value === "bigint" || typeof value === "string")
  ) {
    return column;
  }
  throw new Error("a column of keys is due, and it holds something else");
}

/** The column as float64, itself where it is; what is missing is 0. */
export function doubles(column: DataColumn): Float64Array {
  return column instanceof Float64Array ? column : Float64Array.from<DataValue>(column, Number);
}

/** The column as int32, itself where it is; truth is 1, what is missing 0. */
export function ints(column: DataColumn): Int32Array {
  return column instanceof Int32Array ? column : Int32Array.from<DataValue>(column, Number);
}

/** Rows start … end−1; typed arrays share memory. */
export function sliceColumn(column: Float64Array, start: number, end: number): Float64Array;
export function sliceColumn(column: DataColumn, start: number, end: number): DataColumn;
export function sliceColumn(column: DataColumn, start: number, end: number): DataColumn {
  return isTyped(column) ? column.subarray(start, end) : column.slice(start, end);
}

/** The rows with the given indices, in that order. */
export function takeRows(column: Float64Array, indices: ArrayLike<number>): Float64Array;
export function takeRows(column: DataColumn, indices: ArrayLike<number>): DataColumn;
export function takeRows(column: DataColumn, indices: ArrayLike<number>): DataColumn {
  if (!isTyped(column)) {
    return Array.from(indices, (row) => column[row]);
  }
  if (column instanceof BigInt64Array || column instanceof BigUint64Array) {
    const out = alike(column, indices.length);
    for (let i = 0; i < indices.length; i++) {
      out[i] = column[indices[i]];
    }
    return out;
  }
  const out = alike(column, indices.length);
  for (let i = 0; i < indices.length; i++) {
    out[i] = column[indices[i]];
  }
  return out;
}

/** Several columns of one kind, one after the other. A mixture of typed and untyped pieces becomes a list. */
export function joinColumns(pieces: readonly DataColumn[]): DataColumn {
  if (pieces.length === 0) {
    return [];
  }
  const [first] = pieces;
  if (pieces.length === 1) {
    return first;
  }
  const typed = pieces.filter(isTyped);
  if (isTyped(first) && typed.length === pieces.length && typed.every((one) => one.constructor === first.constructor)) {
    const out = alike(
      first,
      typed.reduce((sum, piece) => sum + piece.length, 0),
    );
    const bytes = new Uint8Array(out.buffer);
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of typed) {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    return out;
  }
  return pieces.flatMap((piece) => Array.from<DataValue>(piece));
}
