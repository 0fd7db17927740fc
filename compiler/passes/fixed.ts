// Fixed values: those that depend on parameters and constants alone, and so can be computed when a graph is built.
import type { Value } from "../ir/graph.ts";

const known = new WeakMap<Value, boolean>();

/** Whether no input reaches the value. */
export function isFixed(value: Value): boolean {
  const stack = [value];
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const pending = top.node.inputs.filter((input) => !known.has(input));
    if (pending.length > 0) {
      stack.push(...pending);
      continue;
    }
    known.set(top, top.node.op !== "input" && top.node.inputs.every((input) => known.get(input) === true));
    stack.pop();
  }
  return known.get(value) === true;
}

/** A fixed value of one number. */
export function isFixedNumber(value: Value): boolean {
  return isFixed(value) && value.dtype === "float32" && value.shape.every((dim) => dim === 1);
}

/** Elements of a value whose dims are all known. */
export function elements(value: Value): number {
  return value.shape.reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : Number.NaN), 1);
}
