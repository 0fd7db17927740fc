// AdaGrad (Duchi et al., JMLR 2011), in PyTorch's form.
import type { OptimiserSpec } from "../../../contract/training-spec.ts";
import type { Step, StepInputs, Stepped } from "./optimiser.ts";

/** s' = s + g², p' = p − rate · g / (√s' + ε). Where g is 0 nothing changes. State: s. */
export function adagrad(
  { epsilon }: OptimiserSpec & { readonly kind: "adagrad" },
  { b, rate }: StepInputs,
  { value, gradient, state: [s] }: Stepped,
): Step {
  const sum = b.add(s, b.mul(gradient, gradient));
  const step = b.div(b.mul(gradient, rate), b.add(b.sqrt(sum), b.scalar(epsilon)));
  return { value: b.sub(value, step), state: [sum] };
}
