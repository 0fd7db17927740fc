// The optimisers by name.
import type { OptimiserSpec } from "../../../contract/training-spec.ts";
import { adagrad } from "./adagrad.ts";
import { adam } from "./adam.ts";
import type { Step, StepInputs, Stepped } from "./optimiser.ts";
import { rowwiseAdagrad } from "./rowwise-adagrad.ts";
import { sgd } from "./sgd.ts";

export type { Step, StepInputs, Stepped } from "./optimiser.ts";

/** One step of the numbers along their gradient. */
export function optimise(spec: OptimiserSpec, inputs: StepInputs, stepped: Stepped): Step {
  switch (spec.kind) {
    case "adam":
      return adam(spec, inputs, stepped);
    case "adagrad":
      return adagrad(spec, inputs, stepped);
    case "rowwise_adagrad":
      return rowwiseAdagrad(spec, inputs, stepped);
    case "sgd":
      return sgd(inputs, stepped);
  }
}
