// A checked model as data reading knows it: features, histories and labels, at hand before anything is built.

import { clusterSpec, featureSpecs, type Model } from "../compiler/index.ts";
import { recordOf } from "../contract/record.ts";
import type { DataModel } from "../runtime/data/index.ts";

export function dataModel(model: Model): DataModel {
  return {
    model: model.name,
    features: featureSpecs(model),
    histories: model.histories.map(({ name, max, cross, stats, cluster }) => ({
      name,
      max,
      cross: cross.features.map(({ qualified }) => qualified),
      stats: stats.features.map(({ qualified }) => qualified),
      ...(cluster && { cluster: clusterSpec(cluster) }),
    })),
    tables: recordOf(
      model.tables.map(
        ({ name, history, coverage, minCount }) =>
          [name, { history: history.name, coverage, min_count: minCount }] as const,
      ),
    ),
    labels: model.towers.flatMap(({ tasks }) => tasks.map(({ label, kind }) => ({ name: label, kind }))),
  };
}
