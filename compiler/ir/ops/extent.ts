// Questions about the length of an axis, asked while a graph runs.
import type { OnnxEmitter } from "../rule.ts";

/** Whether the axis of x has at most `most` entries: a bool scalar. */
export function atMost(emit: OnnxEmitter, x: string, axis: number, most: number): string {
  return emit.node("Greater", [emit.scalar(most + 0.5), counted(emit, x, axis)]);
}

/** The length of an axis, a float32 scalar: int64 would leave the device. Exact to 2^24. */
export function counted(emit: OnnxEmitter, x: string, axis: number): string {
  const one = emit.constant({ dtype: "float32", shape: [1], data: Float32Array.of(1) });
  const ones = emit.node("Expand", [one, emit.node("Shape", [x], { start: axis, end: axis + 1 })]);
  return emit.node("ReduceSum", [ones], { keepdims: 0 });
}
