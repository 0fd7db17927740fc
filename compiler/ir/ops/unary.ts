// Elementwise operators of one operand.
import type { Dtype, Value } from "../graph.ts";
import type { Gradient, Rule } from "../rule.ts";
import { expectDtype, size } from "../shape.ts";
import { map } from "../tensor.ts";

type Unary = "not" | "neg" | "exp" | "log" | "sqrt" | "abs" | "relu" | "sigmoid" | "tanh" | "erf";

function unary<K extends Unary>(
  opType: string,
  operands: readonly Dtype[],
  f: (x: number) => number,
  gradient: Gradient<K> | "none",
  counts = 1,
): Rule<K> {
  return {
    infer([x]) {
      expectDtype(x, "the operand", ...operands);
      return { dtype: x.dtype, shape: x.shape };
    },
    evaluate: ([x]) => map(x, f),
    gradient,
    cost: (_, output) => counts * size(output),
    onnx: (emit, inputs) => emit.node(opType, inputs),
  };
}

export const not: Rule<"not"> = unary("Not", ["bool"], (x) => (x === 0 ? 1 : 0), "none", 0);
export const neg: Rule<"neg"> = unary(
  "Neg",
  ["float32"],
  (x) => -x,
  ({ b, dy }) => [b.neg(dy)],
  0,
);
export const exp: Rule<"exp"> = unary("Exp", ["float32"], Math.exp, ({ b, y, dy }) => [b.mul(dy, y)]);
export const log: Rule<"log"> = unary("Log", ["float32"], Math.log, ({ b, node, dy }) => [b.div(dy, node.inputs[0])]);
export const sqrt: Rule<"sqrt"> = unary("Sqrt", ["float32"], Math.sqrt, ({ b, y, dy }) => [
  b.div(b.mul(dy, b.scalar(0.5)), y),
]);
/** Its gradient at 0 is 0. */
export const abs: Rule<"abs"> = unary(
  "Abs",
  ["float32"],
  Math.abs,
  ({ b, node, dy }) => {
    const [x] = node.inputs;
    const is = (condition: Value) => b.cast(condition, "float32");
    return [b.mul(dy, b.sub(is(b.greater(x, b.scalar(0))), is(b.greater(b.scalar(0), x))))];
  },
  0,
);
/** Its gradient at 0 is 0. */
export const relu: Rule<"relu"> = unary(
  "Relu",
  ["float32"],
  (x) => Math.max(x, 0),
  ({ b, node, dy }) => [b.where(b.greater(node.inputs[0], b.scalar(0)), dy, b.scalar(0))],
  0,
);
export const sigmoid: Rule<"sigmoid"> = unary(
  "Sigmoid",
  ["float32"],
  (x) => 1 / (1 + Math.exp(-x)),
  ({ b, y, dy }) => [b.mul(dy, b.mul(y, b.sub(b.scalar(1), y)))],
);
export const tanh: Rule<"tanh"> = unary("Tanh", ["float32"], Math.tanh, ({ b, y, dy }) => [
  b.mul(dy, b.sub(b.scalar(1), b.mul(y, y))),
]);
/** Derivative 2/√π · e^(-x²). */
export const erf: Rule<"erf"> = unary("Erf", ["float32"], errorFunction, ({ b, node, dy }) => {
  const [x] = node.inputs;
  return [b.mul(dy, b.mul(b.exp(b.neg(b.mul(x, x))), b.scalar(2 / Math.sqrt(Math.PI))))];
});

/**
 * erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): all terms have one sign, so nothing cancels
 * (Abramowitz and Stegun 7.1.6).
 */
function errorFunction(x: number): number {
  if (Number.isNaN(x)) {
    return x;
  }
  if (Math.abs(x) > 6) {
    return Math.sign(x);
  }
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
