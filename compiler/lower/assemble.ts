// Graph kinds: which outputs each has, and the ports that they need.
import { type Graph, type InputValue, inputsOf, type Output, type Value } from "../ir/graph.ts";
import type { Attend, Metric, Model, Search } from "../model/model.ts";
import { keptPort, labelPort, portOrder, scoresPort } from "../model/ports.ts";
import { attendTables, lowerAttend, lowerMean, shown, type Wiring } from "./attend.ts";
import { whole } from "./frame.ts";
import { masked, valid } from "./mask.ts";
import { lowerMetric, total } from "./metric.ts";
import { rowsDim, type Scene } from "./scene.ts";
import { keepsPerHead, lowerSearch } from "./search.ts";
import { lowerTower } from "./tower.ts";

/** A graph of the outputs; its inputs are what they depend on, in the model's order of ports. */
export function graph(model: Model, name: string, outputs: readonly Output[]): Graph {
  const order = new Map(portOrder(model).map((port, index) => [port, index]));
  const portOf = (value: InputValue) => value.node.attributes.name;
  const inputs = inputsOf(outputs.map((output) => output.value));
  for (const input of inputs) if (!order.has(portOf(input))) throw new Error(`${name}: ${portOf(input)} is no port`);
  inputs.sort((a, b) => order.get(portOf(a))! - order.get(portOf(b))!);
  return { name, doc: model.doc, inputs, outputs };
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
  const heads = keepsPerHead(search) && search.by.kind === "metric" ? [search.by.metric.heads] : [];
  const doc = `Positions that ${search.name} kept, best first.`;
  return scene.input(keptPort(scene.model, search), "int32", [...heads, rowsDim(scene), search.keep], doc);
}

/** Probability and logit of every label. */
export function rankOutputs(scene: Scene, wires: Wiring): Output[] {
  const attended = (attend: Attend) => {
    switch (attend.by.kind) {
      case "metric":
        expectLists(attend, attend.by.metric);
        return lowerAttend(scene, attend, attend.by.metric, wires).result;
      case "mean":
        return lowerMean(scene, attend, wires);
      default:
        throw new Error(`attend ${attend.name}: by ${attend.by.kind} is not lowered`);
    }
  };
  return scene.model.towers.flatMap((tower) =>
    lowerTower(scene, tower, attended).flatMap(({ task, result, logit }) => [
      { name: labelPort(task.label), value: result, doc: task.doc },
      { name: `${task.label}.logit`, value: logit, doc: task.doc },
    ]),
  );
}

/** A list for every head serves an attention with as many heads. */
function expectLists({ name, over }: Attend, metric: Metric): void {
  if (over.kind !== "search" || !keepsPerHead(over.search) || over.search.by.kind !== "metric") return;
  const lists = over.search.by.metric.heads;
  if (lists === metric.heads) return;
  throw new Error(
    `attend ${name}: ${metric.heads} heads over ${lists} lists of per_head search ${over.search.name} are not lowered`,
  );
}

/** Weights and score parts of every attention by a metric that a tower reads. */
export function explainOutputs(scene: Scene, wires: Wiring): Output[] {
  return attentions(scene.model).flatMap(({ attend, metric }) => {
    const parts = shown(scene, attend, lowerAttend(scene, attend, metric, wires));
    return (["weights", "metric", "bias"] as const).map((part) => ({
      name: `${attend.name}.${part}`,
      value: parts[part],
      doc: attend.doc,
    }));
  });
}

/** The attends by a metric that some tower reads, in the model's order. */
export function attentions(model: Model): { attend: Attend; metric: Metric }[] {
  const read = new Set(
    model.towers.flatMap(({ input }) => input.flatMap((one) => (one.kind === "attend" ? [one.attend] : []))),
  );
  return model.attends.flatMap((attend) =>
    read.has(attend) && attend.by.kind === "metric" ? [{ attend, metric: attend.by.metric }] : [],
  );
}

/** Whether `rank` reads keys or values from a table that `keys: auto` lets it do without. */
export function readsTables(scene: Scene): boolean {
  return attentions(scene.model).some(({ attend }) => {
    const { keys, values } = attendTables(scene, attend);
    return attend.keys === "auto" && (keys !== null || values !== null);
  });
}

/** The metric whose scores are the yardstick of a search: of the attention over it, else its own; null: none. */
export function oracleMetric(model: Model, search: Search): Metric | null {
  const over = attentions(model).find(({ attend }) => attend.over.kind === "search" && attend.over.search === search);
  return over?.metric ?? (search.by.kind === "metric" ? search.by.metric : null);
}

/** The attention's scores over the whole history, keys projected, bias included, padding at −1e30. */
export function oracleOutputs(scene: Scene): Output[] {
  return scene.model.searches.flatMap((search) => {
    const metric = oracleMetric(scene.model, search);
    if (metric === null) return [];
    const scores = total(scene, metric, lowerMetric(scene, metric, whole(scene, search.from), null));
    const value = masked(scene, metric.name, scores, valid(scene, whole(scene, search.from)));
    return [{ name: scoresPort(scene.model, search), value, doc: metric.doc }];
  });
}
