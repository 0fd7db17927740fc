// How ONNX numbers the types of tensors (TensorProto.DataType): the one table, both ways.
import type { Dtype } from "./graph.ts";

/** Types of values in files: ours, and the int64 of shapes, axes and TopK's indices. */
export type OnnxDtype = Dtype | "int64";

export const onnxDtype: Readonly<Record<OnnxDtype, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

const byNumber: ReadonlyMap<number, OnnxDtype> = new Map(
  (["float32", "uint8", "int32", "int64", "bool", "float16"] as const).map((dtype) => [onnxDtype[dtype], dtype]),
);

/** The type of that number. @throws Error where none of our graphs holds such */
export function dtypeOf(number: number): OnnxDtype {
  const dtype = byNumber.get(number);
  if (dtype === undefined) {
    throw new Error(`ONNX's type ${number} is none that our graphs hold`);
  }
  return dtype;
}
