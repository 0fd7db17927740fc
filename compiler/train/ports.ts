// Every input that a graph of training may have, in the order of declaration, with what the host puts in.
import type { TrainSource } from "../../contract/training-spec.ts";
import { dropoutPort } from "../lower/layer.ts";
import type { Feature, Model, Optimiser, Task, Tower } from "../model/model.ts";
import { featurePort, itemPort, stem } from "../model/ports.ts";
import type { Site } from "../model/site.ts";
import { framesOf } from "./frames.ts";
import type { TrainPlan } from "./plan.ts";

/** Names of the inputs that belong to no feature. */
export interface OwnPorts {
  pack(pack: string): string;
  packState(pack: string, slot: "m" | "v" | "s"): string;
  tableState(parameter: string): string;
  label(task: Task): string;
  weight(task: Task): string;
  pairs(task: Task): string;
  readonly offset: string;
  rate(of: "dense" | "embeddings"): string;
  correction(beta: number): string;
}

export interface TrainPorts {
  readonly sources: ReadonlyMap<string, TrainSource>;
  readonly own: OwnPorts;
}

export function trainPorts(model: Model, { packs, tables }: TrainPlan): TrainPorts {
  const features = featureSources(model);
  // A model may call a history `dense` and its feature `m`: what is training's own then makes way.
  const free = (name: string): string => (features.has(name) ? free(`${name}_`) : name);
  const own: OwnPorts = {
    pack: free,
    packState: (pack, slot) => free(`${pack}.${slot}`),
    tableState: (parameter) => free(`${parameter}.state`),
    label: ({ label }) => free(`predict.${label}.label`),
    weight: ({ label }) => free(`predict.${label}.weight`),
    pairs: ({ label }) => free(`predict.${label}.pairs`),
    offset: free("offset"),
    rate: (of) => free(`rate.${of}`),
    correction: (beta) => free(`correction.${beta}`),
  };
  const sources = new Map<string, TrainSource>();
  for (const { name, slots } of packs) {
    sources.set(own.pack(name), { kind: "pack", pack: name });
    for (const slot of slots) {
      sources.set(own.packState(name, slot), { kind: "pack-state", pack: name, slot });
    }
  }
  for (const { parameter } of tables) {
    sources.set(parameter, { kind: "table", parameter });
    sources.set(own.tableState(parameter), { kind: "table-state", parameter });
  }
  for (const [name, source] of features) {
    sources.set(name, source);
  }
  for (const task of model.towers.flatMap(({ tasks }) => tasks)) {
    sources.set(own.label(task), { kind: "label", label: task.label });
    sources.set(own.weight(task), { kind: "label-weight", label: task.label });
    if (task.pairs > 0) {
      sources.set(own.pairs(task), { kind: "pairs", label: task.label });
    }
  }
  sources.set(own.offset, { kind: "offset" });
  for (const of of ["dense", "embeddings"] as const) {
    sources.set(own.rate(of), { kind: "rate", of });
  }
  for (const beta of betas(model)) {
    sources.set(own.correction(beta), { kind: "correction", beta });
  }
  for (const tower of model.towers) {
    for (const [name, width] of dropouts(tower)) {
      sources.set(name, { kind: "dropout", rate: tower.dropout, width });
    }
  }
  return { sources, own };
}

function featureSources(model: Model): Map<string, TrainSource> {
  const sources = new Map<string, TrainSource>();
  const declare = (features: readonly Feature[], site: Site, source: (feature: string) => TrainSource) => {
    for (const feature of features) {
      sources.set(featurePort(feature, site), source(feature.qualified));
    }
  };
  const single = (feature: string): TrainSource => ({ kind: "single", feature });
  declare(model.item.features, { kind: "items" }, (feature) => ({ kind: "item", feature }));
  sources.set(itemPort({ kind: "candidate" }), { kind: "index", frame: null });
  declare(model.popularity.features, { kind: "candidate" }, single);
  declare(model.candidate.features, { kind: "candidate" }, single);
  declare(model.user.features, { kind: "once" }, single);
  declare(model.context.features, { kind: "once" }, single);
  for (const { stats } of model.histories) {
    declare(stats.features, { kind: "candidate" }, single);
  }
  for (const { history, given } of framesOf(model)) {
    const site = { kind: "history", history, given } as const;
    const frame = given.name;
    sources.set(`${stem(site)}.valid`, { kind: "valid", frame });
    sources.set(itemPort(site), { kind: "index", frame });
    declare(history.cross.features, site, (feature) => ({ kind: "cross", frame, feature }));
  }
  return sources;
}

function betas({ train }: Model): Set<number> {
  const adams = [train.dense, train.embeddings].filter(
    (one): one is Optimiser & { kind: "adam" } => one.kind === "adam",
  );
  return new Set(adams.flatMap(({ beta1, beta2 }) => [beta1, beta2]));
}

/** Every layer that drops out, with its width. */
function dropouts({ name, hidden, experts, dropout }: Tower): [string, number][] {
  if (dropout === 0) {
    return [];
  }
  const trunks = experts === 0 ? [name] : Array.from({ length: experts }, (_, index) => `${name}.expert.${index}`);
  return trunks.flatMap((trunk) =>
    hidden.map((width, index): [string, number] => [dropoutPort(`${trunk}.hidden.${index}`), width]),
  );
}
