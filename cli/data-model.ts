// A checked model as data reading knows it: features, histories and labels, at hand before anything is built.
import { featureSpecs, type Model } from "../compiler/index.ts";
import type { DataModel } from "../runtime/data/index.ts";

export function dataModel(model: Model): DataModel {
  return {
    model: model.name,
    features: featureSpecs(model),
    histories: model.histories.map(({ name, max, cross }) => ({
      name,
      max,
      cross: cross.features.map(({ qualified }) => qualified),
    })),
    labels: model.towers.flatMap(({ tasks }) => tasks.map(({ label, kind }) => ({ name: label, kind }))),
  };
}
