// What encoding gives.

/** Encoded values: int32 rows (tags: −1 fills up) or float32, row-major. */
export type Encoded = Int32Array | Float32Array;

/** The rows of a table that a feature names. @throws Error where the feature holds numbers: a fault of ours */
export function encodedRows(values: Encoded, feature: string): Int32Array {
  if (values instanceof Float32Array) {
    throw new Error(`${feature} holds numbers, not rows of a table`);
  }
  return values;
}
