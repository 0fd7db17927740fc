// Stored numbers of any width and byte order → float32.
import { elementCount } from "../../contract/element-count.ts";
import { halfToFloat } from "../../contract/half.ts";

/** How one number is stored; `i` is signed, `u` not. */
export type ElementType = "f2" | "bf2" | "f4" | "f8" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8";

/** Bytes of one number. */
export const widthOf = (type: ElementType): number => Number(type.at(-1));

/**
 * The numbers in `bytes`, which must hold whole ones and are given away: the result may be the same memory. Integers beyond
 * 2^24 lose digits, as in every float32.
 */
export function toFloats(bytes: Uint8Array, type: ElementType, order: "little" | "big" = "little"): Float32Array {
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
  if (order === "big") {
    reverseEach(own, widthOf(type));
  }
  const { buffer } = own;
  switch (type) {
    case "f4":
      return new Float32Array(buffer);
    case "f2":
      return halfToFloat(new Uint16Array(buffer));
    case "bf2":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    case "f8":
      return Float32Array.from(new Float64Array(buffer));
    case "i1":
      return Float32Array.from(new Int8Array(buffer));
    case "i2":
      return Float32Array.from(new Int16Array(buffer));
    case "i4":
      return Float32Array.from(new Int32Array(buffer));
    case "u1":
      return Float32Array.from(own);
    case "u2":
      return Float32Array.from(new Uint16Array(buffer));
    case "u4":
      return Float32Array.from(new Uint32Array(buffer));
    case "i8":
      return wide(new BigInt64Array(buffer));
    case "u8":
      return wide(new BigUint64Array(buffer));
  }
}

function wide(values: BigInt64Array | BigUint64Array): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[i] = Number(values[i]);
  }
  return result;
}

function reverseEach(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) {
    bytes.subarray(at, at + width).reverse();
  }
}

/**
 * The numbers of a view in row-major order: `shape` with steps of `strides` numbers from `offset` on. The caller has
 * checked that every one lies within `values`.
 */
export function gatherStrided(
  values: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Float32Array {
  const count = elementCount(shape);
  const result = new Float32Array(count);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    result[to] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) {
        break;
      }
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Steps of a row-major array. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}
