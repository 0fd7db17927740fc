// Scales, edges and base rates that nobody has learned yet: said of a build with start values, refused where weights mean them.
import { unlearned } from "../../contract/learned-numbers.ts";
import { inputError } from "../diagnostics/input-error.ts";
import { allFeatures } from "../model/features.ts";
import type { Model } from "../model/model.ts";
import type { Choice } from "./plan.ts";

/** What a feature is while that is not learned. */
const without = {
  scale: { what: "mean and deviation are", is: "is not scaled: its values enter as they are" },
  edges: { what: "edges are", is: "has no edges: all of its values are one" },
  base: { what: "base rate is", is: "is smoothed to a half" },
} as const;

/** @throws InputError where there are weights: they belong to a scale and to edges that are not known here */
export function unlearnedNumbers(model: Model, weights: boolean): Choice[] {
  const lacking = allFeatures(model).flatMap(({ qualified, encoder }) => {
    const kind = unlearned(encoder);
    return kind === null ? [] : [{ qualified, kind }];
  });
  if (weights && lacking.length > 0) {
    throw inputError(
      "These features' scales, edges or base rates were learned with the weights, and were not given:",
      lacking.map(({ qualified, kind }) => `${qualified} (${kind})`),
      "Build with the weights where they lie, in the folder of their run or build; or name data to learn from (--data); or write them into the model: `number(scale: standard, mean: …, deviation: …)`, `bucketed(at: […])`, `rate(…, base: …)`.",
    );
  }
  return lacking.map(({ qualified, kind }) => ({
    choice: `${qualified} ${without[kind].is}`,
    because: `its ${without[kind].what} learned, and none was given to the build`,
  }));
}
