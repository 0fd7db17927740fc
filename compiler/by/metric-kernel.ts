// Multi-head target attention as the kernel runs it: its operands are the metric's own subgraphs.
import type { Value } from "../ir/graph.ts";
import { type Frame, newest, whole } from "../lower/frame.ts";
import { hasBias, type KeySource, operands } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend, Metric } from "../model/model.ts";
import { valueFeatures } from "../model/widths.ts";
import type { InKernel, Product } from "./kernel.ts";
import { computedValues, fromPooled } from "./metric-values.ts";

export const metricKernel: InKernel<"metric"> = {
  search: (_, { metric }, keys) => product(metric, keys),
  attend: (model, attend, { metric }, { keys, values }) => ({
    product: product(metric, keys),
    width: attend.values,
    held: values,
    computed:
      values !== null && valueFeatures(model, attend).cross.length === 0
        ? null
        : (scene) => written(computedValues(scene, attend, metric, pooledFrame(scene, attend), values)),
    result: (scene, pooled) => fromPooled(scene, attend, metric, pooled),
  }),
};

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
  };
}

function written(value: Value | null): Value {
  if (value === null) {
    throw new Error("an operand of the kernel is not there");
  }
  return value;
}
