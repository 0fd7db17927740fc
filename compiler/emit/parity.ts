// parity.safetensors: inputs and float64 reference outputs of every graph, by which any runtime can prove itself.

import type { GraphName, StoredType } from "../../contract/manifest.ts";
import { parityPlaceName } from "../../contract/parity-place.ts";
import { sideGraphs } from "../../contract/port-spec.ts";
import { recordOf } from "../../contract/record.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { evaluate } from "../ir/evaluate.ts";
import { type Graph, type Node, topological, type Value } from "../ir/graph.ts";
import { attempts as attemptsOf, firstRanks, promising } from "../ir/ops/round-robin-onnx.ts";
import type { Tensor } from "../ir/rule.ts";
import { metricOf } from "../model/by.ts";
import { embeddingsOf } from "../model/embeddings.ts";
import type { Model, Table } from "../model/model.ts";
import { featurePort, keptPort, projectorPort, rawPort, rowPort } from "../model/ports.ts";
import { inputName, minimumOf } from "./manifest.ts";
import { type Feed, featureFeeds, type Scenario, sampledRows, scenarios, small } from "./parity-feeds.ts";
import { nearestSide } from "./parity-sides.ts";
import { storedFeeds } from "./parity-stored.ts";

export interface ParityRequest {
  readonly model: Model;
  /** Unrewritten: the formulas as the papers have them. */
  readonly graphs: ReadonlyMap<GraphName, Graph>;
  /** The same over tables as they are stored, where some graphs take them so. */
  readonly variants: { readonly type: StoredType; readonly graphs: ReadonlyMap<GraphName, Graph> } | null;
  /** By `rank`'s formula what the kernel pools, the inputs of `kernel_head`; null: it pools nothing. */
  readonly pooled: Graph | null;
  readonly outside: ReadonlySet<string>;
  /** Read in place; of large tables only the sampled rows need be there. */
  readonly parameter: (name: string) => Tensor;
}

/** Largest difference between neighbouring scores, or distance from a plane, relative to the largest, that float32 might turn round. */
const nearTie = 3e-6;
const draws = 40;
/**
 * Where histories are padded to more than that some two scores are always that near, so that drawing again helps nothing, and
 * the cases of the walk and of many candidates would take minutes: the others alone are made.
 */
const tellable = 2_000;

const longest = (model: Model): number => Math.max(0, ...model.histories.map(({ name }) => minimumOf(model, name)));

/**
 * Tensors `GRAPH/in/PORT` and `GRAPH/out/PORT` of the typical case, `GRAPH.CASE/…` of the others, and `GRAPH.TYPE…` of a
 * graph's variant over stored rows. Every case is one whole request: `kept` of `search` is what `rank` is fed. Beside a
 * selection stand the scores that it was made from, `GRAPH/scores/PORT`: they tell which behaviours tie. Scores are drawn
 * apart, so that the selection is the same in float32 but for ties; where that failed, the metadata says `near_ties`, a list
 * of cases. Floats are float32, indices int32, stored rows as they are stored.
 */
export const parityBytes = (request: ParityRequest): Uint8Array =>
  bytesOfCases(request, longest(request.model) > tellable ? scenarios.filter(({ long }) => long) : scenarios);

/** The same of one case alone, `GRAPH.small` and `GRAPH.TYPE.small`, that has as few bytes as a history may have behaviours. */
export const smallParityBytes = (request: ParityRequest): Uint8Array => bytesOfCases(request, [small]);

function bytesOfCases(request: ParityRequest, cases: readonly Scenario[]): Uint8Array {
  const tensors: Written[] = [];
  const near: string[] = [];
  for (const scenario of cases) {
    if (scenario.graphs === "search" && !walks(request)) {
      continue;
    }
    const run = clearRun(request, scenario);
    if (run.closest < nearTie) {
      near.push(scenario.name);
    }
    const called = scenario === scenarios[0] ? "" : scenario.name;
    for (const [name, graph] of request.graphs) {
      if (!wanted(scenario, name)) {
        continue;
      }
      const place = parityPlaceName({ graph: name, type: null, scenario: called });
      tensors.push(...written(place, graph, run.feeds, request.parameter));
    }
    if (run.stored === null) {
      continue;
    }
    const { type, graphs } = request.variants!;
    for (const [name, graph] of graphs) {
      if (!wanted(scenario, name)) {
        continue;
      }
      const place = parityPlaceName({ graph: name, type, scenario: called });
      tensors.push(...written(place, graph, run.stored, request.parameter));
    }
  }
  return encodeSafetensors(tensors, {
    model: request.model.name,
    ...(near.length > 0 && { near_ties: near.join(" ") }),
  });
}

/** Whether a search walks several heads in turn: only then do more ways of one graph differ. */
function walks({ model }: ParityRequest): boolean {
  return model.searches.some(({ by, heads }) => (metricOf(by)?.heads ?? 1) > 1 && heads === "round_robin");
}

function wanted({ graphs }: Scenario, name: GraphName): boolean {
  switch (graphs) {
    case "all":
      return true;
    case "devices":
      return !sideGraphs.includes(name);
    case "requests":
      return name !== "projector";
    case "search":
      return name === "search";
  }
}

interface Written {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint16Array | Uint8Array;
}

function written(place: string, graph: Graph, feeds: Feeds, parameter: ParityRequest["parameter"]): Written[] {
  const tensors: Written[] = graph.inputs.map((input) => {
    const { shape, data, bits } = feeds.get(inputName(input))!;
    return { name: `${place}/in/${inputName(input)}`, shape, data: bits ?? (data as Feed["data"]) };
  });
  const selected = graph.outputs.filter(({ value }) => isSelection(value));
  const from = selected.map(({ name, value }) => ({ name: `scores/${name}`, value: value.node.inputs[0], doc: "" }));
  const results = evaluate({ ...graph, outputs: [...graph.outputs, ...from] }, plain(feeds), parameter);
  for (const { name, value } of graph.outputs) {
    tensors.push({ name: `${place}/out/${name}`, ...stored(value, results[name]) });
  }
  for (const { name, value } of from) {
    tensors.push({ name: `${place}/${name}`, ...stored(value, results[name]) });
  }
  return tensors;
}

const isSelection = ({ node }: Value) => node.op === "roundRobin" || node.op === "topPositions";

/** Of stored rows the numbers, and the bits that stand for them. */
type Fed = Tensor & { readonly bits?: Uint16Array | Uint8Array };
/** What goes in. */
type Feeds = ReadonlyMap<string, Fed>;

interface Run {
  readonly feeds: Map<string, Feed>;
  /** The same over stored rows, for the variants. */
  readonly stored: Feeds | null;
  /** Smallest relative difference between scores that a selection has to tell apart, or distance from a plane that decides a bit. */
  readonly closest: number;
}

/** Draws requests until one leaves no doubt what is selected; the clearest of all where none does. */
function clearRun(request: ParityRequest, scenario: Scenario): Run {
  const { model, graphs, variants, parameter } = request;
  const search = graphs.get("search");
  let best: (Pick<Run, "feeds" | "closest"> & { over: Feeds | null; there: boolean }) | null = null;
  for (let attempt = 0; attempt < (longest(model) > tellable ? 1 : draws); attempt++) {
    const feeds = feedsOf(request, scenario, attempt);
    const over = variants && scenario.graphs !== "search" ? storedFeeds(model, variants.type, feeds) : null;
    const lists = search ? selections(search, feeds, parameter) : [];
    const there = lists.every((list) => leads(scenario, list));
    const all =
      over && search ? [...lists, ...selections(variants?.graphs.get("search") ?? search, over, parameter)] : lists;
    const hashing = scenario.graphs === "search" ? [search] : [search, graphs.get("rank")];
    const sides = hashing.map((graph) => nearestSide(graph, plain(feeds), parameter));
    const apart = Math.min(...sides, ...all.map(closest));
    if (best === null || (there === best.there ? apart > best.closest : there)) {
      best = { feeds, over, closest: apart, there };
    }
    if (best.there && best.closest >= nearTie) {
      break;
    }
  }
  const { feeds: drawn, over, closest: least } = best!;
  const feeds = keeping(request, search, drawn);
  const pooled = scenario.graphs === "search" ? new Map<string, Feed>() : pooledFeeds(request, feeds);
  return {
    feeds: new Map([...feeds, ...pooled]),
    stored:
      over && new Map<string, Fed>([...keeping(request, variants!.graphs.get("search") ?? search, over), ...pooled]),
    closest: least,
  };
}

/** A selection, and the scores that it is made from. */
interface Selection {
  readonly node: Node<"roundRobin" | "topPositions">;
  readonly scores: Tensor;
}

function selections(graph: Graph, feeds: Feeds, parameter: ParityRequest["parameter"]): Selection[] {
  const nodes = topological(graph.outputs.map(({ value }) => value))
    .filter(isSelection)
    .map(({ node }) => node);
  if (nodes.length === 0) {
    return [];
  }
  const outputs = nodes.map(({ inputs }, index) => ({ name: String(index), value: inputs[0], doc: "" }));
  const scores = evaluate({ ...graph, outputs }, plain(feeds), parameter);
  return nodes.map((node, index) => ({ node: node as Selection["node"], scores: scores[index] }));
}

/** Whether a walk over several heads starts where the scenario says; other selections have one way. */
function leads({ walk }: Scenario, { node, scores }: Selection): boolean {
  if (walk === undefined || node.op !== "roundRobin") {
    return true;
  }
  const { keep, sampled } = node.attributes;
  const [heads] = scores.shape;
  const last = attemptsOf(heads, keep).length - 1;
  return distinctAhead(scores, keep)
    .slice(0, sampled)
    .every((count) => {
      if ("enough" in walk) {
        return count >= keep;
      }
      const start = Array.from({ length: last }, (_, attempt) => attempt).find(
        (attempt) => count >= promising(heads, keep, attempt),
      );
      return (start ?? last) === Math.min(walk.attempt, last);
    });
}

/** Of every row how many distinct positions the heads name in their first ranks. */
function distinctAhead(scores: Tensor, keep: number): number[] {
  const ranks = firstRanks(scores.shape[0], keep);
  return rankings(scores).map((lists) => new Set(lists.flatMap((list) => [...list.subarray(0, ranks)])).size);
}

/** How many ranks of the heads the walk goes through in the row where it goes furthest. */
function ranksWalked(scores: Tensor, keep: number): number {
  const walked = rankings(scores).map((lists) => {
    const met = new Set<number>();
    let rank = 0;
    for (; met.size < keep; rank++) {
      for (const list of lists) {
        met.add(list[rank]);
      }
    }
    return rank;
  });
  return Math.max(0, ...walked);
}

/** By row and head the positions, best first. */
function rankings({ shape: [heads, rows, length], data }: Tensor): Int32Array[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: heads }, (_, head) => {
      const start = (head * rows + row) * length;
      const order = Int32Array.from({ length }, (_, index) => index);
      return order.sort((a, b) => data[start + b] - data[start + a] || a - b);
    }),
  );
}

/** With what the search keeps of them. */
function keeping<T extends Feeds>({ model, parameter }: ParityRequest, search: Graph | undefined, feeds: T): T {
  if (!search) {
    return feeds;
  }
  const kept = evaluate(search, plain(feeds), parameter);
  const all = new Map(feeds);
  for (const one of model.searches) {
    const name = keptPort(model, one);
    all.set(name, { shape: kept[name].shape, data: Int32Array.from(kept[name].data) });
  }
  return all as unknown as T;
}

/** What the kernel pools of them. */
function pooledFeeds({ pooled, parameter }: ParityRequest, feeds: Feeds): Map<string, Feed> {
  if (pooled === null) {
    return new Map();
  }
  const made = evaluate(pooled, plain(feeds), parameter);
  return new Map(pooled.outputs.map(({ name, value }) => [name, stored(value, made[name])]));
}

/** All inputs of one request: features, fetched rows, and tables made by the projector; not yet what the search keeps. */
function feedsOf(request: ParityRequest, scenario: Scenario, attempt: number): Map<string, Feed> {
  const { model, outside, parameter } = request;
  const feeds = featureFeeds(model, outside, scenario, attempt);
  for (const { embedding, input } of embeddingsOf(model)) {
    if (!outside.has(embedding.parameter)) {
      continue;
    }
    const { data } = parameter(embedding.parameter);
    const rows = sampledRows(embedding.rows);
    const values = Float32Array.from({ length: rows.length * embedding.dim }, (_, index) => {
      return data[rows[Math.floor(index / embedding.dim)] * embedding.dim + (index % embedding.dim)];
    });
    feeds.set(input, { shape: [rows.length, embedding.dim], data: values });
  }
  for (const [port, feed] of projected(request, scenario, feeds)) {
    feeds.set(port, feed);
  }
  return feeds;
}

/** The lookup tables, holding all behaviours that the scenario allows but one, and the projector's own inputs. */
function projected(
  { model, graphs, parameter }: ParityRequest,
  { held = Number.POSITIVE_INFINITY }: Scenario,
  feeds: ReadonlyMap<string, Feed>,
): Map<string, Feed> {
  const made = new Map<string, Feed>();
  const projector = graphs.get("projector");
  if (!projector) {
    return made;
  }
  for (const table of model.tables) {
    const { history } = table;
    const items = new Map(feeds);
    for (const feature of model.item.features) {
      const feed = first(feeds.get(featurePort(feature, { kind: "history", history }))!, held);
      items.set(featurePort(feature, { kind: "items" }), feed);
      made.set(featurePort(feature, { kind: "items" }), feed);
      const rows = feeds.get(rawPort(feature, { kind: "history", history }));
      if (rows !== undefined) {
        items.set(rawPort(feature, { kind: "items" }), first(rows, held));
        made.set(rawPort(feature, { kind: "items" }), first(rows, held));
      }
    }
    const { data } = evaluate(projector, plain(items), parameter)[projectorPort(model, table)];
    for (const [port, feed] of tableFeeds(model, table, data, feeds)) {
      made.set(port, feed);
    }
  }
  return made;
}

/** The first rows, so many at most. */
function first({ shape: [rows, ...rest], data }: Feed, most: number): Feed {
  const kept = Math.min(rows, most);
  return { shape: [kept, ...rest], data: data.slice(0, (data.length / rows) * kept) };
}

function tableFeeds(
  model: Model,
  table: Table,
  rows: ArrayLike<number>,
  feeds: ReadonlyMap<string, Feed>,
): [string, Feed][] {
  const valid = feeds.get(`${table.history.name}.valid`)!.data;
  const count = rows.length / table.width;
  const held = new Float32Array((count + 1) * table.width);
  held.set(Float32Array.from(rows), table.width);
  const missed = 2;
  const row = Int32Array.from(valid, (one, index) => (one === 1 && index < count && index !== missed ? index + 1 : 0));
  return [
    [table.name, { shape: [count + 1, table.width], data: held }],
    [rowPort(model, table), { shape: [valid.length], data: row }],
  ];
}

/** The smallest difference of two unequal scores that a list tells apart, relative to the largest. */
function closest({ node, scores }: Selection): number {
  const { shape, data } = scores;
  const { keep } = node.attributes;
  // Of those that the walk goes through, and the next.
  const told = 1 + (node.op === "roundRobin" ? ranksWalked(scores, keep) : keep);
  const length = shape[shape.length - 1];
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start < data.length; start += length) {
    const list = Float64Array.from({ length }, (_, index) => data[start + index]).filter((score) => score > -1e29);
    list.sort().reverse();
    const largest = list.length === 0 ? 0 : Math.max(Math.abs(list[0]), Math.abs(list[list.length - 1]));
    for (let index = 1; index < Math.min(list.length, told); index++) {
      const apart = list[index - 1] - list[index];
      if (apart > 0) {
        least = Math.min(least, apart / largest);
      }
    }
  }
  return least;
}

function stored({ dtype }: Value, { shape, data }: Tensor): Feed {
  return { shape, data: dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data) };
}

const plain = (feeds: Feeds): Record<string, Tensor> => recordOf(feeds);
