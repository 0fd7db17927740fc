// What encoding gives.

/** Encoded values: int32 rows (tags: −1 fills up) or float32, row-major. */
export type Encoded = Int32Array | Float32Array;
