// Values as users bring them, before encoding.

export type TypedColumn =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

export type RawScalar = number | bigint | string | boolean | null | undefined;

/** One raw value: a scalar, or a list for tags and pretrained vectors. */
export type RawValue = RawScalar | readonly RawScalar[] | TypedColumn;

/** Raw values of one feature, one a row. */
export type RawColumn = TypedColumn | readonly RawValue[];

/** Whether a column is one of the typed arrays (`DataView` is none). */
export function isTyped(values: unknown): values is TypedColumn {
  return ArrayBuffer.isView(values) && !(values instanceof DataView);
}
