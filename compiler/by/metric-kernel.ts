// Multi-head target attention as the kernel runs it: its operands are the metric's own subgraphs.
import type { Value } from "../ir/graph.ts";
import { encoded, isSmallLookup, lookupRows } from "../lower/embed.ts";
import { type Frame, newest, whole } from "../lower/frame.ts";
import { valid } from "../lower/mask.ts";
import { comparedRows } from "../lower/match.ts";
import { hasBias, type KeySource, matchWeight, operands } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend, Feature, Metric } from "../model/model.ts";
import { valueFeatures } from "../model/widths.ts";
import type { Agreement, InKernel, Lookup, Product } from "./kernel.ts";
import { computedValues, crossWeight, fromPooled } from "./metric-values.ts";

export const metricKernel: InKernel<"metric"> = {
  search: (_, { metric }, keys) => product(metric, keys),
  attend: (model, attend, { metric }, { keys, values }) => {
    const { cross } = valueFeatures(model, attend);
    // Where all is computed, the cross features are columns of the one product that gives it.
    const lookups = values === null ? [] : cross.filter(isSmallLookup);
    const others = cross.filter((feature) => !lookups.includes(feature));
    return {
      product: product(metric, keys),
      width: attend.values,
      held: values,
      computed:
        values !== null && others.length === 0
          ? null
          : (scene) => written(computedValues(scene, attend, metric, pooledFrame(scene, attend), values, others)),
      lookups: lookups.map((feature) => lookup(attend, metric, feature)),
      strength: attend.strength,
      result: (scene, pooled) => fromPooled(scene, attend, metric, pooled),
    };
  },
};

function lookup(attend: Attend, { heads }: Metric, feature: Feature): Lookup {
  return {
    feature,
    rows(scene) {
      const b = scene.b.at(`${attend.name}/values`, attend.doc);
      const rows = b.unsqueeze(lookupRows(scene, feature), 0);
      return b.transpose(b.matmul(rows, crossWeight(scene, attend, heads, feature)), [1, 0, 2]);
    },
    row(scene) {
      const b = scene.b.at(`${attend.name}/values`, attend.doc);
      const row = encoded(scene, feature, whole(scene, attend.over.history).site);
      // An output of its own: a graph cannot give out what it was given.
      return b.maximum(row, b.integer(0));
    },
  };
}

/** Of an attend over the newest behaviours these alone: the others' values are never read. */
const pooledFrame = (scene: Scene, { over }: Attend): Frame =>
  over.kind === "last" ? newest(scene, over.history, over.count) : whole(scene, over.history);

function product(metric: Metric, held: KeySource): Product {
  const { name, history, heads, dim } = metric;
  return {
    name: held === null ? name : `${name}.${held.table.name}`,
    stem: name,
    history,
    heads,
    width: dim,
    held,
    query: (scene) => operands(scene, metric).query(),
    projected: (scene) => operands(scene, metric).keys(),
    bias: hasBias(metric) ? (scene: Scene) => written(operands(scene, metric).bias()) : null,
    match: metric.match.map((feature) => agreement(metric, feature)),
  };
}

function agreement(metric: Metric, feature: Feature): Agreement {
  const scope = `${metric.name}/match.${feature.name}`;
  const rows = (scene: Scene) => comparedRows(scene, feature, whole(scene, metric.history), scope);
  return {
    feature,
    candidates: (scene) => rows(scene).candidates(),
    behaviours: (scene) => rows(scene).behaviours(),
    worth: (scene) => {
      const behaviours = valid(scene, whole(scene, metric.history));
      return scene.b.at(scope, feature.doc).mul(matchWeight(scene, metric, feature, 1), behaviours);
    },
  };
}

function written(value: Value | null): Value {
  if (value === null) {
    throw new Error("an operand of the kernel is not there");
  }
  return value;
}
