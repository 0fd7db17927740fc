// Graph kinds: which outputs each has, and the ports that they need.

import { type Graph, inputsOf, type Output, type Value } from "../ir/graph.ts";
import { whole } from "../lower/frame.ts";
import { masked, valid } from "../lower/mask.ts";
import { lowerMetric, total } from "../lower/metric.ts";
import { rowsDim, type Scene } from "../lower/scene.ts";
import { lowerScore } from "../lower/score.ts";
import { type Found, lowerTower, type Prediction } from "../lower/tower.ts";
import { listsOf, metricOf } from "../model/by.ts";
import type { Attend, Metric, Model, Search } from "../model/model.ts";
import { keptPort, labelPort, portOrder, scoreOutput, scoresPort } from "../model/ports.ts";
import { tableMayBeStale } from "../model/table-layout.ts";
import { attendTables, lowerAttend, type Wiring } from "./attend.ts";
import { lowerSearch } from "./search.ts";

/** A graph of the outputs; its inputs are what they depend on, in the model's order of ports. */
export function graph(model: Model, name: string, outputs: readonly Output[]): Graph {
  const order = new Map(portOrder(model).map((port, index) => [port, index]));
  const placed = inputsOf(outputs.map((output) => output.value)).map((input) => {
    const port = input.node.attributes.name;
    const place = order.get(port);
    if (place === undefined) {
      throw new Error(`${name}: ${port} is no port`);
    }
    return { input, place };
  });
  placed.sort((a, b) => a.place - b.place);
  return { name, doc: model.doc, inputs: placed.map(({ input }) => input), outputs };
}

/** Every search's list. */
export function searchOutputs(scene: Scene): Output[] {
  return scene.model.searches.map((search) => ({
    name: keptPort(scene.model, search),
    value: lowerSearch(scene, search),
    doc: search.doc,
  }));
}

/** What the searches kept comes in from outside, or is computed in the graph. */
export function wiring(scene: Scene, searches: boolean, cached: boolean): Wiring {
  return {
    searches,
    cached,
    kept: (search) => (searches ? lowerSearch(scene, search) : keptInput(scene, search)),
  };
}

function keptInput(scene: Scene, search: Search): Value {
  const lists = listsOf(search);
  const doc = `Positions that ${search.name} kept, best first.`;
  return scene.input(
    keptPort(scene.model, search),
    "int32",
    [...(lists === null ? [] : [lists]), rowsDim(scene), search.keep],
    doc,
  );
}

/** Probability and logit of every label, and the score that candidates are ordered by. @param attended what an attend gives */
export function rankOutputs(scene: Scene, attended: (attend: Attend) => Found): Output[] {
  const { score, towers } = scene.model;
  const predictions = towers.flatMap((tower) => lowerTower(scene, tower, attended));
  const outputs = labelOutputs(predictions);
  return score === null
    ? outputs
    : [...outputs, { name: scoreOutput, value: lowerScore(scene, score, predictions), doc: "" }];
}

/** Probability and logit of every label. */
export function labelOutputs(predictions: readonly Prediction[]): Output[] {
  return predictions.flatMap(({ task, result, logit }) => [
    { name: labelPort(task.label), value: result, doc: task.doc },
    { name: `${task.label}.logit`, value: logit, doc: task.doc },
  ]);
}

/** Every attend in the graph. */
export const attendedBy =
  (scene: Scene, wires: Wiring) =>
  (attend: Attend): Found =>
    lowerAttend(scene, attend, wires);

/** Weights and score parts of every attention that a tower reads and that has them. */
export function explainOutputs(scene: Scene, wires: Wiring): Output[] {
  return attentions(scene.model).flatMap((attend) => {
    const parts = lowerAttend(scene, attend, wires).shown?.();
    if (!parts) {
      return [];
    }
    return (["weights", "metric", "bias"] as const).map((part) => ({
      name: `${attend.name}.${part}`,
      value: parts[part],
      doc: attend.doc,
    }));
  });
}

/** The attends that some tower reads, in the model's order. */
export function attentions(model: Model): Attend[] {
  const read = new Set(
    model.towers.flatMap(({ input }) => input.flatMap((one) => (one.kind === "attend" ? [one.attend] : []))),
  );
  return model.attends.filter((attend) => read.has(attend));
}

/**
 * Whether attends, all of `rank`'s where none are given, read keys or values from a table that `keys: auto` lets them do
 * without while it is stale.
 */
export function readsTables(scene: Scene, attends: readonly Attend[] = attentions(scene.model)): boolean {
  return attends.some((attend) => {
    const { keys, values } = attendTables(scene, attend, true);
    const stale = [keys, values].some((held) => held !== null && tableMayBeStale(held.table));
    return attend.keys === "auto" && stale;
  });
}

/** The metric whose scores are the yardstick of a search: of the attention over it, else its own; null: none. */
export function oracleMetric(model: Model, search: Search): Metric | null {
  const over = attentions(model).find(
    ({ over, by }) => over.kind === "search" && over.search === search && metricOf(by) !== null,
  );
  return metricOf((over ?? search).by);
}

/** The attention's scores over the whole history, keys projected, bias included, padding at −1e30. */
export function oracleOutputs(scene: Scene): Output[] {
  return scene.model.searches.flatMap((search) => {
    const metric = oracleMetric(scene.model, search);
    if (metric === null) {
      return [];
    }
    const scores = total(scene, metric, lowerMetric(scene, metric, whole(scene, search.from), null));
    const value = masked(scene, metric.name, scores, valid(scene, whole(scene, search.from)));
    return [{ name: scoresPort(scene.model, search), value, doc: metric.doc }];
  });
}
