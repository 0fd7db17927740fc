// Row-wise AdaGrad: one accumulator for a row of an embedding table, as FBGEMM and TorchRec have it.
import type { OptimiserSpec } from "../../../contract/training-spec.ts";
import type { Step, StepInputs, Stepped } from "./optimiser.ts";

/** s' = s + mean of g² over the row, p' = p − rate · g / (√s' + ε). Where g is 0 nothing changes. State: s. */
export function rowwiseAdagrad(
  { epsilon }: OptimiserSpec & { readonly kind: "rowwise_adagrad" },
  { b, rate }: StepInputs,
  { value, gradient, state: [s], rowMean }: Stepped,
): Step {
  const sum = b.add(s, rowMean(b.mul(gradient, gradient)));
  const length = b.div(rate, b.add(b.sqrt(sum), b.scalar(epsilon)));
  return { value: b.sub(value, b.mul(gradient, length)), state: [sum] };
}
