// A model as the import of weights has to know it.
import {
  allFeatures,
  type Feature,
  type Model,
  metricOf,
  parameters,
  resultWidth,
  vocabularyOwner,
} from "../compiler/index.ts";
import type { ImportTarget } from "../runtime/import/index.ts";

export function importTarget(model: Model): ImportTarget {
  const columns = (features: readonly Feature[]) => features.filter(({ width }) => width > 0);
  return {
    model: model.name,
    parameters: parameters(model),
    features: allFeatures(model).map((feature) => ({
      qualified: feature.qualified,
      name: feature.name,
      group: feature.group,
      table: feature.embedding?.parameter ?? null,
      encoder: feature.encoder.kind,
      vocabulary: vocabularyOwner(model, feature)?.qualified ?? null,
      width: feature.width,
    })),
    attends: model.attends.map(({ name, over, by }) => ({
      name,
      over: over.kind,
      metric: metricOf(by)?.name ?? null,
      values: columns(model.item.features).map(({ qualified }) => qualified),
      keys: columns(metricOf(by)?.keys ?? []).map(({ qualified }) => qualified),
    })),
    towers: model.towers.map(({ name, input, hidden, tasks, cross, experts }) => ({
      name,
      inputs: input.flatMap((one) => {
        if (one.kind === "attend") {
          return [{ name: one.attend.name, width: resultWidth(one.attend) }];
        }
        const features = one.kind === "group" ? columns(one.group.features) : [one.feature];
        return features.map(({ qualified, width }) => ({ name: qualified, width }));
      }),
      hidden: hidden.length,
      labels: tasks.map(({ label }) => label),
      plain: cross === 0 && experts === 0,
    })),
  };
}
