// Adam (Kingma & Ba, ICLR 2015), in PyTorch's form; over embeddings only the rows of the batch are touched ("lazy").
import type { OptimiserSpec } from "../../../contract/training-spec.ts";
import type { Value } from "../../ir/graph.ts";
import { type Step, type StepInputs, type Stepped, where } from "./optimiser.ts";

/**
 * m' = m + (1 − β₁)(g − m), v' = v + (1 − β₂)(g² − v), p' = p − rate / (1 − β₁ᵗ) · m' / (√(v' / (1 − β₂ᵗ)) + ε) with the
 * step t of the whole training. Of rows that are not touched neither p nor m and v change. State: m, v.
 */
export function adam(
  { beta1, beta2, epsilon }: OptimiserSpec & { readonly kind: "adam" },
  { b, rate, correction }: StepInputs,
  { value, gradient, state: [m, v], touched }: Stepped,
): Step {
  const toward = (old: Value, now: Value, beta: number) =>
    b.add(old, b.mul(b.sub(now, old), where(b, touched, b.scalar(1 - beta))));
  const first = toward(m, gradient, beta1);
  const second = toward(v, b.mul(gradient, gradient), beta2);
  const length = where(b, touched, b.div(rate, correction(beta1)));
  const root = b.mul(b.sqrt(second), b.div(b.scalar(1), b.sqrt(correction(beta2))));
  const step = b.div(b.mul(first, length), b.add(root, b.scalar(epsilon)));
  return { value: b.sub(value, step), state: [first, second] };
}
