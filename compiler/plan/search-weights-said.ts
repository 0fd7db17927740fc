// What a build says of searches that go by the weights of another run, for manifest.yaml.
import { searchWeightsSection } from "../../contract/search-weights-section.ts";
import { weightsFingerprint } from "../graphs/fingerprint.ts";
import type { Parameter } from "../model/parameter.ts";
import { copiedFrom, searchCopy } from "../model/searched.ts";
import { copied, type SearchWeights } from "../values/search-weights.ts";
import type { ParameterValues } from "../values/values.ts";
import type { Choice } from "./plan.ts";

/** @param parameters of the model with copies @param digests SHA-256 of each one's values */
export function searchWeightsSaid(
  parameters: readonly Parameter[],
  metrics: readonly string[],
  { weights, untrained, manifest: { model } }: SearchWeights,
  own: Pick<ParameterValues, "step" | "untrained">,
  digests: ReadonlyMap<string, string>,
): { readonly section: ReturnType<typeof searchWeightsSection>; readonly choices: readonly Choice[] } {
  const section = searchWeightsSection({
    own: {
      step: own.step,
      untrained: own.untrained,
      weights: weightsFingerprint(
        parameters.filter(({ name }) => copiedFrom(name) === null),
        (name) => digests.get(name),
      ),
    },
    search: {
      model,
      step: weights.step,
      untrained,
      weights: weightsFingerprint(copied(parameters), (name) => digests.get(searchCopy(name))),
      metrics: metrics.map((metric) => ({ metric, copy: searchCopy(metric) })),
    },
  });
  const choices = metrics.map((metric) => ({
    choice: `searches by ${metric} go by the weights of another run (${searchCopy(metric)})`,
    because: "the build was told so (--search-weights)",
  }));
  return { section, choices };
}
