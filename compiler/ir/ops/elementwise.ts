// Elementwise operators of two or three operands, with NumPy broadcasting, and cast.
import type { Dtype, Value } from "../graph.ts";
import type { Rule } from "../rule.ts";
import { broadcastShapes, expectDtype, ShapeError, size } from "../shape.ts";
import { broadcastConcrete, expand, map, zip } from "../tensor.ts";

type Binary = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "equal" | "greater" | "and";

function binary<K extends Binary>(
  opType: string,
  operands: readonly Dtype[],
  result: "same" | "bool",
  f: (x: number, y: number) => number,
  multiplies = 0,
): Rule<K> {
  return {
    infer([a, b]: readonly Value[]) {
      expectDtype(a, "the left operand", ...operands);
      expectDtype(b, "the right operand", a.dtype);
      return { dtype: result === "same" ? a.dtype : "bool", shape: broadcastShapes(a.shape, b.shape) };
    },
    evaluate: ([a, b]) => zip(a, b, f),
    cost: (_, output) => multiplies * size(output),
    onnx: (emit, inputs) => emit.node(opType, inputs),
  };
}

const numbers: readonly Dtype[] = ["float32", "int32"];

export const add: Rule<"add"> = binary("Add", numbers, "same", (x, y) => x + y, 1);
export const sub: Rule<"sub"> = binary("Sub", numbers, "same", (x, y) => x - y, 1);
export const mul: Rule<"mul"> = binary("Mul", numbers, "same", (x, y) => x * y, 1);
/** float32 only: what int32 division rounds to differs between providers. */
export const div: Rule<"div"> = binary("Div", ["float32"], "same", (x, y) => x / y, 1);
export const maximum: Rule<"maximum"> = binary("Max", numbers, "same", Math.max);
export const minimum: Rule<"minimum"> = binary("Min", numbers, "same", Math.min);
export const equal: Rule<"equal"> = binary("Equal", numbers, "bool", (x, y) => (x === y ? 1 : 0));
export const greater: Rule<"greater"> = binary("Greater", numbers, "bool", (x, y) => (x > y ? 1 : 0));
export const and: Rule<"and"> = binary("And", ["bool"], "bool", (x, y) => (x !== 0 && y !== 0 ? 1 : 0));

/** condition ? a : b, elementwise. */
export const where: Rule<"where"> = {
  infer([condition, a, b]) {
    expectDtype(condition, "the condition", "bool");
    expectDtype(a, "the value where true", ...numbers);
    expectDtype(b, "the value where false", a.dtype);
    return { dtype: a.dtype, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) };
  },
  evaluate([condition, a, b]) {
    const shape = broadcastConcrete(condition.shape, broadcastConcrete(a.shape, b.shape));
    const [asks, yes, no] = [condition, a, b].map((operand) => expand(operand, shape).data);
    return { shape, data: Float64Array.from(asks, (ask, index) => (ask !== 0 ? yes[index] : no[index])) };
  },
  cost: () => 0,
  onnx: (emit, inputs) => emit.node("Where", inputs),
};

/** float32 → int32 cuts towards zero; → bool asks whether it differs from 0; bool → numbers gives 0 and 1. */
export const cast: Rule<"cast"> = {
  infer([x], { to }) {
    if (x.dtype === to) throw new ShapeError(`${to} is cast to itself`);
    return { dtype: to, shape: x.shape };
  },
  evaluate([x], { to }) {
    if (to === "bool") return map(x, (value) => (value !== 0 ? 1 : 0));
    return to === "int32" ? map(x, Math.trunc) : map(x, (value) => value);
  },
  cost: () => 0,
  onnx: (emit, inputs, node) => emit.node("Cast", inputs, { to: onnxDtype[node.attributes.to] }),
};

/** TensorProto.DataType */
export const onnxDtype: Readonly<Record<Dtype, number>> = { float32: 1, uint8: 2, int32: 6, bool: 9, float16: 10 };
