// Arrays that are used again at every step: they grow where a batch needs more, and are never given back.

export class Buffers {
  readonly #floats = new Map<string, Float32Array>();
  readonly #ints = new Map<string, Int32Array>();

  /** `length` floats with what the last use left in them; valid until the same name is asked for again. */
  floats(name: string, length: number): Float32Array {
    return take(this.#floats, name, length, (size) => new Float32Array(size));
  }

  ints(name: string, length: number): Int32Array {
    return take(this.#ints, name, length, (size) => new Int32Array(size));
  }
}

function take<T extends Float32Array | Int32Array>(
  held: Map<string, T>,
  name: string,
  length: number,
  make: (size: number) => T,
): T {
  let found = held.get(name);
  if (found === undefined || found.length < length) {
    found = make(Math.ceil(length * (found === undefined ? 1 : 1.25)));
    held.set(name, found);
  }
  return found.subarray(0, length) as T;
}

/** The values' bits: one type for all copies, so that the loops below are compiled for it alone. */
const bits = (values: Float32Array | Int32Array): Int32Array =>
  values instanceof Int32Array ? values : new Int32Array(values.buffer, values.byteOffset, values.length);

/** Copies rows of `width` values: row `rows[i]` of `from` to row i of `into`. */
export function gatherRows<T extends Float32Array | Int32Array>(
  from: T,
  rows: Int32Array,
  width: number,
  into: T,
): void {
  gather(bits(from), rows, width, bits(into));
}

/** The other way: row i of `from` to row `rows[i]` of `into`. */
export function scatterRows(from: Float32Array, rows: Int32Array, width: number, into: Float32Array): void {
  scatter(bits(from), rows, width, bits(into));
}

function gather(from: Int32Array, rows: Int32Array, width: number, into: Int32Array): void {
  const count = rows.length;
  if (width === 1) {
    for (let i = 0; i < count; i++) into[i] = from[rows[i]];
    return;
  }
  if (width % 4 === 0) {
    // Four at a time: up to twice as fast.
    for (let i = 0, to = 0; i < count; i++) {
      let at = rows[i] * width;
      for (const end = to + width; to < end; to += 4, at += 4) {
        into[to] = from[at];
        into[to + 1] = from[at + 1];
        into[to + 2] = from[at + 2];
        into[to + 3] = from[at + 3];
      }
    }
    return;
  }
  for (let i = 0, to = 0; i < count; i++) {
    const start = rows[i] * width;
    const end = start + width;
    for (let at = start; at < end; at++) into[to++] = from[at];
  }
}

function scatter(from: Int32Array, rows: Int32Array, width: number, into: Int32Array): void {
  const count = rows.length;
  if (width % 4 === 0) {
    for (let i = 0, at = 0; i < count; i++) {
      let to = rows[i] * width;
      for (const end = to + width; to < end; to += 4, at += 4) {
        into[to] = from[at];
        into[to + 1] = from[at + 1];
        into[to + 2] = from[at + 2];
        into[to + 3] = from[at + 3];
      }
    }
    return;
  }
  for (let i = 0, at = 0; i < count; i++) {
    const start = rows[i] * width;
    const end = start + width;
    for (let to = start; to < end; to++) into[to] = from[at++];
  }
}
