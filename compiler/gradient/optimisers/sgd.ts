// Plain stochastic gradient descent.
import type { Step, StepInputs, Stepped } from "./optimiser.ts";

/** p' = p − rate · g. No state. */
export function sgd({ b, rate }: StepInputs, { value, gradient }: Stepped): Step {
  return { value: b.sub(value, b.mul(gradient, rate)), state: [] };
}
