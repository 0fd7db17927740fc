// The features of a model, whatever section they stand in.
import type { Feature, Group, Model } from "./model.ts";

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

/** A feature's qualified name before its rename; null: it has had no other. */
export const formerName = ({
  qualified,
  name,
  formerly,
}: Pick<Feature, "qualified" | "name" | "formerly">): string | null =>
  formerly && `${qualified.slice(0, -name.length)}${formerly}`;

/** The features that a file declares: clusters are implied by what a stage goes by. */
export const declaredFeatures = ({ features }: Pick<Group, "features">): readonly Feature[] =>
  features.filter(({ encoder }) => encoder.kind !== "centroid");

/** Whether a feature is a vector that can be compared by distance. */
export const isVector = (feature: Feature): boolean =>
  feature.group === "item" && (feature.encoder.kind === "pretrained" || feature.embedding !== null);
