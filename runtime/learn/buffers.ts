// Arrays that are used again at every step: they grow where a batch needs more, and are never given back.
import { alike } from "../../contract/alike.ts";

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

interface Numbers<T> {
  readonly length: number;
  subarray(start: number, end: number): T;
}

function take<T extends Numbers<T>>(held: Map<string, T>, name: string, length: number, make: (size: number) => T): T {
  let found = held.get(name);
  if (found === undefined || found.length < length) {
    found = make(Math.ceil(length * (found === undefined ? 1 : 1.25)));
    held.set(name, found);
  }
  return found.subarray(0, length);
}

/**
 * Copies rows of `width` values: row `rows[i]` of `from` to row i of `into`. Rows of floats travel in pairs where they lie
 * even: half the loads and stores. (A pair is only copied, so that its being a number or not does not matter.)
 */
export function gatherRows(from: Values, rows: Int32Array, width: number, into: Values): void {
  const pairs = paired(from, into, width);
  if (pairs) {
    gatherPairs(pairs[0], rows, width / 2, pairs[1]);
  } else {
    gather(bits(from), rows, width, bits(into));
  }
}

/** A copy of some rows of `width` values. */
export function takenRows<T extends Values>(values: T, rows: Int32Array, width: number): T {
  const into = alike(values, rows.length * width);
  gatherRows(values, rows, width, into);
  return into;
}

/** The other way: row i of `from` to row `rows[i]` of `into`. */
export function scatterRows(from: Float32Array, rows: Int32Array, width: number, into: Float32Array): void {
  const pairs = paired(from, into, width);
  if (pairs) {
    scatterPairs(pairs[0], rows, width / 2, pairs[1]);
  } else {
    scatter(bits(from), rows, width, bits(into));
  }
}

/** A port without another end: what is handed over to it is gone. */
const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Gives memory back at once. What a step allocates is large and short-lived: left to the garbage collector, it costs a
 * collection of the whole heap every few steps. Views of these buffers are empty from here on; shared memory stays.
 */
export function release(buffers: Iterable<ArrayBufferLike>): void {
  const own = [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
  nowhere.postMessage(
    null,
    own.filter(({ byteLength }) => byteLength > 0),
  );
}

type Values = Float32Array | Int32Array;

/** The values' bits: one type for all copies, so that the loops below are compiled for it alone. */
const bits = (values: Values): Int32Array =>
  values instanceof Int32Array ? values : new Int32Array(values.buffer, values.byteOffset, values.length);

/** Both as 64-bit numbers; null where they are no floats or do not lie so. Integers might be taken for a NaN and changed. */
function paired(from: Values, into: Values, width: number): [Float64Array, Float64Array] | null {
  const fits = (values: Values) => values instanceof Float32Array && values.byteOffset % 8 === 0;
  if (width % 8 !== 0 || !fits(from) || !fits(into)) {
    return null;
  }
  const wide = (values: Values) => new Float64Array(values.buffer, values.byteOffset, values.length >> 1);
  return [wide(from), wide(into)];
}

function gatherPairs(from: Float64Array, rows: Int32Array, width: number, into: Float64Array): void {
  const count = rows.length;
  for (let i = 0, to = 0; i < count; i++) {
    let at = rows[i] * width;
    for (const end = to + width; to < end; to += 4, at += 4) {
      into[to] = from[at];
      into[to + 1] = from[at + 1];
      into[to + 2] = from[at + 2];
      into[to + 3] = from[at + 3];
    }
  }
}

function scatterPairs(from: Float64Array, rows: Int32Array, width: number, into: Float64Array): void {
  const count = rows.length;
  for (let i = 0, at = 0; i < count; i++) {
    let to = rows[i] * width;
    for (const end = to + width; to < end; to += 4, at += 4) {
      into[to] = from[at];
      into[to + 1] = from[at + 1];
      into[to + 2] = from[at + 2];
      into[to + 3] = from[at + 3];
    }
  }
}

function gather(from: Int32Array, rows: Int32Array, width: number, into: Int32Array): void {
  const count = rows.length;
  if (width === 1) {
    for (let i = 0; i < count; i++) {
      into[i] = from[rows[i]];
    }
    return;
  }
  for (let i = 0, to = 0; i < count; i++) {
    const start = rows[i] * width;
    const end = start + width;
    for (let at = start; at < end; at++) {
      into[to++] = from[at];
    }
  }
}

function scatter(from: Int32Array, rows: Int32Array, width: number, into: Int32Array): void {
  const count = rows.length;
  for (let i = 0, at = 0; i < count; i++) {
    const start = rows[i] * width;
    const end = start + width;
    for (let to = start; to < end; to++) {
      into[to] = from[at++];
    }
  }
}
