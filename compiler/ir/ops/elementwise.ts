// Elementwise operators of two or three operands, with NumPy broadcasting, and cast.

import type { Builder } from "../build.ts";
import type { Dtype, Value } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { Backward, Gradient, Rule } from "../rule.ts";
import { broadcastShapes, expectDtype, ShapeError, size } from "../shape.ts";
import { broadcastConcrete, expand, map, zip } from "../tensor.ts";
import { shrink } from "./shrink.ts";

type Binary = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "equal" | "greater" | "and";

function binary<K extends Binary>(
  opType: string,
  operands: readonly Dtype[],
  result: "same" | "bool",
  f: (x: number, y: number) => number,
  gradient: Gradient<K> | "none",
  multiplies = 0,
): Rule<K> {
  return {
    infer([a, b]: readonly Value[]) {
      expectDtype(a, "the left operand", ...operands);
      expectDtype(b, "the right operand", a.dtype);
      return { dtype: result === "same" ? a.dtype : "bool", shape: broadcastShapes(a.shape, b.shape) };
    },
    evaluate: ([a, b]) => zip(a, b, f),
    gradient,
    cost: (_, output) => multiplies * size(output),
    onnx: (emit, inputs) => emit.node(opType, inputs),
  };
}

const numbers: readonly Dtype[] = ["float32", "int32"];

/** Gradients of two operands at the result's shape, summed back to theirs. */
function both<K extends Binary | "bceWithLogits">(
  write: (at: Backward<K>, left: Value, right: Value) => readonly [Value, Value],
): Gradient<K> {
  return (at) => {
    const { inputs } = at.node;
    return write(at, inputs[0], inputs[1]).map((g, index) => shrink(at.b, g, inputs[index].shape));
  };
}

export const add: Rule<"add"> = binary(
  "Add",
  numbers,
  "same",
  (x, y) => x + y,
  both(({ dy }) => [dy, dy]),
  1,
);
export const sub: Rule<"sub"> = binary(
  "Sub",
  numbers,
  "same",
  (x, y) => x - y,
  both(({ b, dy }) => [dy, b.neg(dy)]),
  1,
);
export const mul: Rule<"mul"> = binary(
  "Mul",
  numbers,
  "same",
  (x, y) => x * y,
  both(({ b, dy }, left, right) => [b.mul(dy, right), b.mul(dy, left)]),
  1,
);
/** float32 only: what int32 division rounds to differs between providers. */
export const div: Rule<"div"> = binary(
  "Div",
  ["float32"],
  "same",
  (x, y) => x / y,
  both(({ b, y, dy }, _, right) => [b.div(dy, right), b.neg(b.div(b.mul(dy, y), right))]),
  1,
);
/** The gradient goes to the left operand where it is greater, else (ties too) to the right one. */
export const maximum: Rule<"maximum"> = binary("Max", numbers, "same", Math.max, both(chosen("left")));
/** The gradient goes to the right operand where it is smaller, else (ties too) to the left one. */
export const minimum: Rule<"minimum"> = binary("Min", numbers, "same", Math.min, both(chosen("right")));

/** `winner` takes the gradient where left > right. */
function chosen(winner: "left" | "right") {
  return ({ b, dy }: { b: Builder; dy: Value }, left: Value, right: Value): readonly [Value, Value] => {
    const greater = b.greater(left, right);
    const [won, lost] = [b.where(greater, dy, b.scalar(0)), b.where(greater, b.scalar(0), dy)];
    return winner === "left" ? [won, lost] : [lost, won];
  };
}

export const equal: Rule<"equal"> = binary("Equal", numbers, "bool", (x, y) => (x === y ? 1 : 0), "none");
export const greater: Rule<"greater"> = binary("Greater", numbers, "bool", (x, y) => (x > y ? 1 : 0), "none");
export const and: Rule<"and"> = binary("And", ["bool"], "bool", (x, y) => (x !== 0 && y !== 0 ? 1 : 0), "none");

/**
 * Binary cross entropy of log-odds z with labels y, elementwise: max(z, 0) − z·y + log(1 + e^−|z|). Its gradient is
 * σ(z) − y, which neither overflows nor cancels.
 */
export const bceWithLogits: Rule<"bceWithLogits"> = {
  infer([z, y]) {
    expectDtype(z, "the logits", "float32");
    expectDtype(y, "the labels", "float32");
    return { dtype: "float32", shape: broadcastShapes(z.shape, y.shape) };
  },
  evaluate: ([z, y]) => zip(z, y, (x, label) => Math.max(x, 0) - x * label + Math.log1p(Math.exp(-Math.abs(x)))),
  gradient: both(({ b, dy }, z, y) => [b.mul(dy, b.sub(b.sigmoid(z), y)), b.neg(b.mul(dy, z))]),
  cost: (_, output) => 3 * size(output),
  onnx(emit, [z, y]) {
    const smooth = emit.node("Exp", [emit.node("Neg", [emit.node("Abs", [z])])]);
    const tail = emit.node("Log", [emit.node("Add", [smooth, emit.scalar(1)])]);
    return emit.node("Add", [emit.node("Sub", [emit.node("Relu", [z]), emit.node("Mul", [z, y])]), tail]);
  },
};

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
  gradient({ b, node, dy }) {
    const [condition, yes, no] = node.inputs;
    const ofYes = shrink(b, b.where(condition, dy, b.scalar(0)), yes.shape);
    return [null, ofYes, shrink(b, b.where(condition, b.scalar(0), dy), no.shape)];
  },
  cost: () => 0,
  onnx: (emit, inputs) => emit.node("Where", inputs),
};

/** float32 → int32 cuts towards zero; → bool asks whether it differs from 0; bool → numbers gives 0 and 1. */
export const cast: Rule<"cast"> = {
  infer([x], { to }) {
    if (x.dtype === to) {
      throw new ShapeError(`${to} is cast to itself`);
    }
    return { dtype: to, shape: x.shape };
  },
  evaluate([x], { to }) {
    if (to === "bool") {
      return map(x, (value) => (value !== 0 ? 1 : 0));
    }
    return to === "int32" ? map(x, Math.trunc) : map(x, (value) => value);
  },
  /** Every cast has whole numbers or booleans on one side. */
  gradient: "none",
  cost: () => 0,
  onnx: (emit, inputs, node) => emit.node("Cast", inputs, { to: onnxDtype[node.attributes.to] }),
};
