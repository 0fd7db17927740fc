// The features of a model, whatever section they stand in.
import type { Feature, Model } from "./model.ts";

/** All features of the model, in the order of their sections. */
export const allFeatures = (model: Model): readonly Feature[] =>
  [
    model.item,
    model.popularity,
    model.user,
    model.context,
    model.candidate,
    ...model.histories.flatMap(({ cross, stats }) => [cross, stats]),
  ].flatMap((group) => group.features);

/** Whether a feature is a vector that can be compared by distance. */
export const isVector = (feature: Feature): boolean =>
  feature.group === "item" && (feature.encoder.kind === "pretrained" || feature.embedding !== null);
