// parity.safetensors: inputs and float64 reference outputs of every graph, by which any runtime can prove itself.
import type { GraphName } from "../../runtime/manifest.ts";
import { encodeSafetensors } from "../../runtime/safetensors.ts";
import { embeddingsOf } from "../embeddings.ts";
import { evaluate } from "../ir/evaluate.ts";
import { type Graph, topological, type Value } from "../ir/graph.ts";
import type { Tensor } from "../ir/rule.ts";
import { featurePort, keptPort, projectorPort, rowPort } from "../lower/ports.ts";
import type { Model, Table } from "../model.ts";
import { inputName, minimumOf } from "./manifest.ts";
import { type Feed, featureFeeds, type Scenario, sampledRows, scenarios } from "./parity-feeds.ts";

export const parityFile = "parity.safetensors";

export interface ParityRequest {
  readonly model: Model;
  /** Unrewritten: the formulas as the papers have them. */
  readonly graphs: ReadonlyMap<GraphName, Graph>;
  readonly outside: ReadonlySet<string>;
  /** Read in place; of large tables only the sampled rows need be there. */
  readonly parameter: (name: string) => Tensor;
}

/** Largest difference between neighbouring scores, relative to the largest score, that float32 might turn round. */
const nearTie = 3e-6;
const attempts = 40;
/** Beyond so many scores in a list some two are always that near: drawing again costs time, and helps nothing. */
const tellable = 2_000;

/**
 * Tensors `GRAPH/in/PORT` and `GRAPH/out/PORT` of the typical case, and `GRAPH.CASE/…` of the others: `short` (fewer
 * behaviours than are kept) and `empty`. Every case is one whole request: `kept` of `search` is what `rank` is fed.
 * Scores are drawn apart, so that the selection is the same in float32; where that failed, the metadata says
 * `near_ties`, a list of cases. Floats are float32, indices int32.
 */
export function parityBytes(request: ParityRequest): Uint8Array {
  const tensors: { name: string; shape: readonly number[]; data: Float32Array | Int32Array }[] = [];
  const near: string[] = [];
  for (const scenario of scenarios) {
    const run = clearRun(request, scenario);
    if (run.closest < nearTie) near.push(scenario.name);
    for (const [name, graph] of request.graphs) {
      if (scenario !== scenarios[0] && name === "projector") continue;
      const place = scenario === scenarios[0] ? name : `${name}.${scenario.name}`;
      for (const input of graph.inputs) {
        const { shape, data } = run.feeds.get(inputName(input))!;
        tensors.push({ name: `${place}/in/${inputName(input)}`, shape, data });
      }
      for (const output of graph.outputs) {
        tensors.push({
          name: `${place}/out/${output.name}`,
          ...stored(output.value, run.outputs.get(name)![output.name]),
        });
      }
    }
  }
  return encodeSafetensors(tensors, {
    model: request.model.name,
    ...(near.length > 0 && { near_ties: near.join(" ") }),
  });
}

interface Run {
  readonly feeds: Map<string, Feed>;
  readonly outputs: Map<GraphName, Record<string, Tensor>>;
  /** Smallest relative difference between scores that a selection has to tell apart. */
  readonly closest: number;
}

/** Draws requests until one leaves no doubt what is selected; the clearest of all where none does. */
function clearRun(request: ParityRequest, scenario: Scenario): Run {
  let best: Run | null = null;
  const longest = Math.max(
    ...request.model.histories.map(({ name }) => scenario.lengths(minimumOf(request.model, name)).length),
  );
  for (let attempt = 0; attempt < (longest > tellable ? 1 : attempts); attempt++) {
    const feeds = feedsOf(request, scenario, attempt);
    const closest = Math.min(
      ...[...request.graphs.values()].map((graph) => closestScores(graph, feeds, request.parameter)),
    );
    if (best === null || closest > best.closest) best = { feeds, closest, outputs: new Map() };
    if (best.closest >= nearTie) break;
  }
  for (const [name, graph] of request.graphs)
    best!.outputs.set(name, evaluate(graph, plain(best!.feeds), request.parameter));
  return best!;
}

/** All inputs of one request: features, fetched rows, tables made by the projector, and what the search keeps. */
function feedsOf(
  { model, graphs, outside, parameter }: ParityRequest,
  scenario: Scenario,
  attempt: number,
): Map<string, Feed> {
  const feeds = featureFeeds(model, outside, scenario, attempt);
  for (const { embedding, input } of embeddingsOf(model)) {
    if (!outside.has(embedding.parameter)) continue;
    const { data } = parameter(embedding.parameter);
    const rows = sampledRows(embedding.rows);
    const values = Float32Array.from({ length: rows.length * embedding.dim }, (_, index) => {
      return data[rows[Math.floor(index / embedding.dim)] * embedding.dim + (index % embedding.dim)];
    });
    feeds.set(input, { shape: [rows.length, embedding.dim], data: values });
  }
  for (const [port, feed] of projected(model, graphs, feeds, parameter)) feeds.set(port, feed);
  const search = graphs.get("search");
  if (search) {
    const kept = evaluate(search, plain(feeds), parameter);
    for (const one of model.searches) {
      const name = keptPort(model, one);
      feeds.set(name, { shape: kept[name].shape, data: Int32Array.from(kept[name].data) });
    }
  }
  return feeds;
}

/** The lookup tables, holding all behaviours of their histories but one, and the projector's own inputs. */
function projected(
  model: Model,
  graphs: ReadonlyMap<GraphName, Graph>,
  feeds: ReadonlyMap<string, Feed>,
  parameter: ParityRequest["parameter"],
): Map<string, Feed> {
  const made = new Map<string, Feed>();
  const projector = graphs.get("projector");
  if (!projector) return made;
  for (const table of model.tables) {
    const { history } = table;
    const items = new Map(feeds);
    for (const feature of model.item.features) {
      const feed = feeds.get(featurePort(feature, { kind: "history", history }))!;
      items.set(featurePort(feature, { kind: "items" }), feed);
      made.set(featurePort(feature, { kind: "items" }), feed);
    }
    const { data } = evaluate(projector, plain(items), parameter)[projectorPort(model, table)];
    for (const [port, feed] of tableFeeds(model, table, data, feeds)) made.set(port, feed);
  }
  return made;
}

function tableFeeds(
  model: Model,
  table: Table,
  rows: ArrayLike<number>,
  feeds: ReadonlyMap<string, Feed>,
): [string, Feed][] {
  const valid = feeds.get(`${table.history.name}.valid`)!.data;
  const held = new Float32Array((valid.length + 1) * table.width);
  held.set(Float32Array.from(rows), table.width);
  const missed = 2;
  const row = Int32Array.from(valid, (one, index) => (one === 1 && index !== missed ? index + 1 : 0));
  return [
    [table.name, { shape: [valid.length + 1, table.width], data: held }],
    [rowPort(model, table), { shape: [valid.length], data: row }],
  ];
}

/** Over all selections of a graph: the smallest difference of two unequal scores in one list, relative to the largest. */
function closestScores(graph: Graph, feeds: ReadonlyMap<string, Feed>, parameter: ParityRequest["parameter"]): number {
  const selections = topological(graph.outputs.map(({ value }) => value)).filter(
    ({ node }) => node.op === "roundRobin" || node.op === "topPositions",
  );
  if (selections.length === 0) return Number.POSITIVE_INFINITY;
  const outputs = selections.map(({ node }, index) => ({ name: String(index), value: node.inputs[0], doc: "" }));
  const scores = Object.values(evaluate({ ...graph, outputs }, plain(feeds), parameter));
  return Math.min(...scores.map(closest));
}

function closest({ shape, data }: Tensor): number {
  const length = shape[shape.length - 1];
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start < data.length; start += length) {
    const list = Array.from({ length }, (_, index) => data[start + index]).filter((score) => score > -1e29);
    list.sort((a, b) => b - a);
    const largest = list.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
    for (let index = 1; index < list.length; index++) {
      const apart = list[index - 1] - list[index];
      if (apart > 0) least = Math.min(least, apart / largest);
    }
  }
  return least;
}

function stored({ dtype }: Value, { shape, data }: Tensor): Feed {
  return { shape, data: dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data) };
}

const plain = (feeds: ReadonlyMap<string, Feed>): Record<string, Tensor> => Object.fromEntries(feeds);
