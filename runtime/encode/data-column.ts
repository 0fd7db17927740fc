// A column of raw values as it comes out of a file: a typed array where nothing is missing, else a list with nulls.

export type DataValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly (number | bigint | string | null)[]
  | Float32Array;

export type DataColumn =
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | readonly DataValue[];

export function columnLength(column: DataColumn): number {
  return column.length;
}

export function valueAt(column: DataColumn, row: number): DataValue {
  return column[row]!;
}

/** Rows start … end−1; typed arrays share memory. */
export function sliceColumn<C extends DataColumn>(column: C, start: number, end: number): C {
  return (Array.isArray(column) ? column.slice(start, end) : (column as Float64Array).subarray(start, end)) as C;
}

/** The rows with the given indices, in that order. */
export function takeRows<C extends DataColumn>(column: C, indices: ArrayLike<number>): C {
  if (Array.isArray(column)) {
    return Array.from(indices, (row) => column[row]) as unknown as C;
  }
  const typed = column as Float64Array;
  const out = new (typed.constructor as Float64ArrayConstructor)(indices.length);
  for (let i = 0; i < indices.length; i++) {
    out[i] = typed[indices[i]];
  }
  return out as unknown as C;
}

/** Several columns of one kind, one after the other. A mixture of typed and untyped pieces becomes a list. */
export function joinColumns(pieces: readonly DataColumn[]): DataColumn {
  if (pieces.length === 1) {
    return pieces[0];
  }
  if (pieces.length === 0) {
    return [];
  }
  const first = pieces[0];
  if (!Array.isArray(first) && pieces.every((piece) => piece.constructor === first.constructor)) {
    const typed = pieces as readonly Float64Array[];
    const out = new (typed[0].constructor as Float64ArrayConstructor)(
      typed.reduce((sum, piece) => sum + piece.length, 0),
    );
    let at = 0;
    for (const piece of typed) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
  return pieces.flatMap((piece) => Array.from(piece as readonly DataValue[]));
}
