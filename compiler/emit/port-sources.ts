// What each port of the graphs that serve holds or says, as the manifest has it.
import type { OverSpec } from "../../contract/by-spec.ts";
import type { Result, Source } from "../../contract/port-spec.ts";
import { embeddingsOf } from "../model/embeddings.ts";
import type { Feature, Model, Over } from "../model/model.ts";
import {
  featurePort,
  keptPort,
  labelPort,
  lookupPorts,
  matchPorts,
  operandPort,
  pooledPort,
  projectorPort,
  rawPorts,
  rowPort,
  scalePort,
  scoreOutput,
  scoresPort,
  validPort,
} from "../model/ports.ts";
import type { Site } from "../model/site.ts";

/** Every input that a graph of the model may have, by its name. */
export function inputSources(model: Model): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  const declare = (features: readonly Feature[], site: Site, source: (feature: string) => Source) => {
    for (const feature of features) {
      sources.set(featurePort(feature, site), source(feature.qualified));
    }
  };
  const { item, popularity, user, context, candidate, histories, tables, searches, attends } = model;
  declare(item.features, { kind: "items" }, (feature) => ({ kind: "item", feature }));
  declare(item.features, { kind: "candidate" }, (feature) => ({ kind: "candidate-item", feature }));
  declare(popularity.features, { kind: "candidate" }, (feature) => ({ kind: "candidate", feature }));
  declare(candidate.features, { kind: "candidate" }, (feature) => ({ kind: "candidate", feature }));
  declare(user.features, { kind: "once" }, (feature) => ({ kind: "single", feature }));
  declare(context.features, { kind: "once" }, (feature) => ({ kind: "single", feature }));
  for (const history of histories) {
    const site: Site = { kind: "history", history };
    const { name } = history;
    sources.set(validPort(history), { kind: "valid", history: name });
    declare(item.features, site, (feature) => ({ kind: "history-item", history: name, feature }));
    declare(history.cross.features, site, (feature) => ({ kind: "cross", history: name, feature }));
    declare(history.stats.features, { kind: "candidate" }, (feature) => ({ kind: "candidate", feature }));
  }
  for (const table of tables) {
    sources.set(table.name, { kind: "table", table: table.name });
    sources.set(scalePort(table), { kind: "table-scale", table: table.name });
    sources.set(rowPort(model, table), { kind: "row", table: table.name });
  }
  for (const { embedding, input } of embeddingsOf(model)) {
    sources.set(input, { kind: "embedding", parameter: embedding.parameter });
  }
  for (const { port, feature, site } of rawPorts(model)) {
    sources.set(port, { ...said(sources.get(featurePort(feature, site))), raw: true });
  }
  for (const search of searches) {
    sources.set(keptPort(model, search), { kind: "kept", search: search.name });
  }
  for (const attend of attends) {
    sources.set(pooledPort(attend), { kind: "pooled", attend: attend.name });
  }
  return sources;
}

/** @throws Error where the port holds no rows of items, of candidates or of the request: a fault of ours */
function said(source: Source | undefined): Extract<Source, { raw?: true | undefined }> {
  switch (source?.kind) {
    case "item":
    case "history-item":
    case "candidate-item":
    case "candidate":
    case "single":
      return source;
    default:
      throw new Error("a table is read by what is no feature of items, of candidates or of the request");
  }
}

/** Every output that a graph of the model may have, by its name. */
export function outputResults(model: Model): ReadonlyMap<string, Result> {
  const results = new Map<string, Result>();
  const operands = (stem: string, ...all: readonly Parameters<typeof operandPort>[1][]) => {
    for (const operand of all) {
      results.set(operandPort(stem, operand), { kind: "operand", operand });
    }
  };
  for (const { name, match } of model.metrics) {
    operands(name, "query", "keys", "bias");
    for (const feature of match) {
      const { candidates, behaviours, worth } = matchPorts(name, feature);
      results.set(candidates, { kind: "operand", operand: "query" });
      results.set(behaviours, { kind: "operand", operand: "row" });
      results.set(worth, { kind: "operand", operand: "bias" });
    }
  }
  for (const one of model.attends) {
    const { name: attend, over } = one;
    for (const feature of over.history.cross.features) {
      const { rows, row } = lookupPorts(one, feature);
      results.set(rows, { kind: "operand", operand: "values" });
      results.set(row, { kind: "operand", operand: "row" });
    }
    for (const part of ["weights", "metric", "bias"] as const) {
      results.set(`${attend}.${part}`, { kind: "attention", attend, part });
    }
    operands(attend, "mask", "values");
  }
  for (const table of model.tables) {
    results.set(projectorPort(model, table), { kind: "rows", table: table.name });
  }
  for (const search of model.searches) {
    results.set(keptPort(model, search), { kind: "kept", search: search.name });
    results.set(scoresPort(model, search), { kind: "scores", search: search.name });
    operands(search.name, "query", "keys", "bias", "mask");
  }
  for (const { label } of model.towers.flatMap(({ tasks }) => tasks)) {
    results.set(labelPort(label), { kind: "probability", label });
    results.set(`${label}.logit`, { kind: "logit", label });
  }
  if (model.score !== null) {
    results.set(scoreOutput, { kind: "score" });
  }
  return results;
}

export function overSpec(over: Over): OverSpec {
  const history = over.history.name;
  switch (over.kind) {
    case "search":
      return { kind: "search", search: over.search.name, history };
    case "history":
      return { kind: "history", history };
    case "last":
      return { kind: "last", history, count: over.count };
  }
}
