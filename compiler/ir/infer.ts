// Type and shape of a node's result, and where stored rows may stand: nothing computes in float16 or uint8.
import type { Attributes, Dtype, Op, Shape, Value } from "./graph.ts";
import { ops } from "./ops.ts";
import { ShapeError, show } from "./shape.ts";

/** What takes rows as they are stored: each reads them from its first operand. */
const takesStored: ReadonlySet<Op> = new Set<Op>(["gather", "decodeRows"]);

/** Throws `ShapeError` where the operands do not fit the operator. */
export function infer<K extends Op>(
  op: K,
  inputs: readonly Value[],
  attributes: Attributes[K],
): { dtype: Dtype; shape: Shape } {
  inputs.forEach((input, index) => {
    if (!isStored(input.dtype) || (takesStored.has(op) && index === 0)) {
      return;
    }
    throw new ShapeError(`operand ${index + 1} is ${show(input)}: stored rows are decoded before anything computes`);
  });
  return ops[op].infer(inputs, attributes);
}

export function isStored(dtype: Dtype): boolean {
  return dtype === "float16" || dtype === "uint8";
}
