// A checked model → the graphs that serve it, unrewritten: the papers' formulas as they stand.
import type { GraphName } from "../../contract/manifest.ts";
import { itemCodes } from "../by/kinds.ts";
import type { Graph, Output, Value } from "../ir/graph.ts";
import { whole } from "../lower/frame.ts";
import { lowerMetric, total } from "../lower/metric.ts";
import { lowerProjector } from "../lower/projector.ts";
import { type Layout, type Scene, scene } from "../lower/scene.ts";
import type { Metric, Model } from "../model/model.ts";
import {
  attendedBy,
  explainOutputs,
  graph,
  oracleOutputs,
  rankOutputs,
  readsTables,
  searchOutputs,
  wiring,
} from "./assemble.ts";
import { kernelGraphs } from "./kernel.ts";

export type { Layout } from "../lower/scene.ts";
export { keptPort, labelPort, outsidePort, projectorPort, rowPort, scoresPort } from "../model/ports.ts";
export { oracleMetric } from "./assemble.ts";
export { pooledGraph } from "./kernel.ts";

export interface LowerOptions {
  /** One history with N candidates, or a history a row. */
  readonly layout: Layout;
  /** Embedding parameters whose rows come in as an input. */
  readonly outside: ReadonlySet<string>;
}

/**
 * Every graph that the model has. In the batch layout keys and values are always projected: there are `search`, `request`
 * (with `kept` among its outputs) and `oracle` alone. Those of the kernel, last, change none of the others. Throws an Error that names the kind which is not lowered.
 */
export function lowerGraphs(model: Model, { layout, outside }: LowerOptions): ReadonlyMap<GraphName, Graph> {
  const graphs = new Map<GraphName, Graph>();
  const lower = (name: GraphName, outputs: (scene: Scene) => readonly Output[]) => {
    const written = outputs(scene(model, layout, outside));
    if (written.length > 0) {
      graphs.set(name, graph(model, name, written));
    }
  };
  const request = (cached: boolean) => (s: Scene) => {
    const wires = wiring(s, true, cached);
    return [...searchOutputs(s), ...rankOutputs(s, attendedBy(s, wires))];
  };
  const rank = (cached: boolean) => (s: Scene) => rankOutputs(s, attendedBy(s, wiring(s, false, cached)));
  const explain = (cached: boolean) => (s: Scene) => {
    const wires = wiring(s, false, cached);
    const shown = explainOutputs(s, wires);
    return shown.length === 0 ? [] : [...rankOutputs(s, attendedBy(s, wires)), ...shown];
  };
  lower("search", searchOutputs);
  lower("oracle", oracleOutputs);
  if (layout === "batch") {
    lower("request", request(false));
    return graphs;
  }
  const fresh = readsTables(scene(model, layout, outside));
  lower("projector", (s) => lowerProjector(s, itemCodes));
  lower("rank", rank(true));
  if (fresh) {
    lower("rank_fresh", rank(false));
  }
  if (model.searches.length > 0 && !holdsItems(model, outside)) {
    lower("request", request(true));
    if (fresh) {
      lower("request_fresh", request(false));
    }
  }
  lower("explain", explain(true));
  if (fresh) {
    lower("explain_fresh", explain(false));
  }
  for (const [name, side] of kernelGraphs(model, outside)) {
    graphs.set(name, side);
  }
  return graphs;
}

/**
 * The unrewritten projector with every embedding inside: what producers' fingerprints are taken of; undefined where the
 * model has no table. Where `lowered` hold just that, it is theirs.
 */
export function wholeProjector(
  model: Model,
  lowered: ReadonlyMap<GraphName, Graph> | null = null,
  outside: ReadonlySet<string> = new Set(),
): Graph | undefined {
  if (lowered !== null && !holdsItems(model, outside)) {
    return lowered.get("projector");
  }
  const outputs = lowerProjector(scene(model, "request", new Set()), itemCodes);
  return outputs.length === 0 ? undefined : graph(model, "projector", outputs);
}

/** Whether rows of an item's embedding come in as an input. */
const holdsItems = ({ item }: Model, outside: ReadonlySet<string>): boolean =>
  item.features.some(({ embedding }) => embedding !== null && outside.has(embedding.parameter));

/** The metric's unrewritten scores over a whole history, keys projected: what its fingerprint is taken of. */
export function metricValues(model: Model, metric: Metric): readonly Value[] {
  const s = scene(model, "request", new Set());
  return [total(s, metric, lowerMetric(s, metric, whole(s, metric.history), null))];
}
