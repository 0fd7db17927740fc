// A typed array of the same kind as another: the one place that asks an array for its own constructor.

export type NumberArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

/** `length` zeros. */
export function alike<T extends NumberArray | BigInt64Array | BigUint64Array>(one: T, length: number): T {
  return new (one.constructor as new (length: number) => T)(length);
}
