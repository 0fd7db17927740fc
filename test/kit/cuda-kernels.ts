// What ONNX Runtime publishes of its CUDA kernels (docs/OperatorKernels.md at commit 001d12d2623f, the rows that opset 18
// uses), for the operators and the dtypes of the table of placement.
import type { OnnxDtype } from "../../compiler/ir/onnx-dtype.ts";

const numbers: readonly OnnxDtype[] = ["float16", "float32", "int32", "int64"];
const arithmetic: readonly OnnxDtype[] = [...numbers, "uint8"];
const floats: readonly OnnxDtype[] = ["float16", "float32"];
const all: readonly OnnxDtype[] = [...arithmetic, "bool"];

/** Dtypes of the operand that decides. */
export const cudaKernels: Readonly<Record<string, readonly OnnxDtype[]>> = {
  Abs: arithmetic,
  Add: arithmetic,
  And: ["bool"],
  Cast: all,
  Concat: all,
  CumSum: numbers,
  DequantizeLinear: ["uint8"],
  Div: arithmetic,
  Equal: [...numbers, "bool"],
  Erf: floats,
  Exp: floats,
  Expand: all,
  Gather: all,
  GatherElements: all,
  Greater: numbers,
  Identity: all,
  If: ["bool"],
  LayerNormalization: floats,
  Log: floats,
  MatMul: floats,
  Max: numbers,
  Min: numbers,
  Mul: arithmetic,
  Neg: numbers,
  Not: ["bool"],
  ReduceMax: numbers,
  ReduceMean: ["float16", "float32", "int32"],
  ReduceSum: numbers,
  Relu: floats,
  Reshape: all,
  ScatterElements: all,
  ScatterND: all,
  Shape: all,
  Sigmoid: floats,
  Slice: all,
  Softmax: floats,
  Sqrt: floats,
  Squeeze: all,
  Sub: arithmetic,
  Tanh: floats,
  TopK: numbers,
  Transpose: all,
  Unsqueeze: all,
  Where: [...numbers, "uint8"],
};
