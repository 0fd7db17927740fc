// What the selection kernel is given of a batch in training: keys once an item, queries, and tables of biases; what it reads of
// the behaviours themselves the host has.
import { kernelLimits } from "../../contract/kernel-spec.ts";
import type { TrainKernelSearch, TrainSource } from "../../contract/training-spec.ts";
import { searchRule } from "../by/kinds.ts";
import { searchSource } from "../graphs/search.ts";
import { builder } from "../ir/build.ts";
import { type Graph, inputsOf, made, type Output, type Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { whole } from "../lower/frame.ts";
import { scene } from "../lower/scene.ts";
import type { Model, Search } from "../model/model.ts";
import { rewrite } from "../passes/index.ts";
import { projectedOnce, readItems } from "../passes/training/items-once.ts";
import type { TrainPlan } from "./plan.ts";
import type { TrainPorts } from "./ports.ts";

export interface Operands {
  readonly graph: Graph;
  readonly searches: readonly TrainKernelSearch[];
}

/** Passes that settle how a graph reads keys at behaviours: here nothing reads them. */
const graphsOwn = new Set(["items-once", "reassociate", "rows-at-once", "rows-of-scores", "read-apart"]);

/** Null where some search of the model is more than products with items' keys and biases by small tables: then the graph searches. */
export function operandsOf(model: Model, { sparse }: TrainPlan, ports: TrainPorts, verify: boolean): Operands | null {
  if (model.searches.length === 0) {
    return null;
  }
  const s = scene(model, "batch", sparse, { learns: false, measured: new Map() });
  const outputs: Output[] = [];
  for (const search of model.searches) {
    const rule = searchRule(search.by);
    const source = searchSource(s, search);
    if (!rule?.scores || rule.fits || source !== null || search.heads === "max" || search.keep > kernelLimits.keep) {
      return null;
    }
    outputs.push({
      name: search.name,
      value: rule.scores(s, search, search.by, whole(s, search.from)),
      doc: search.doc,
    });
  }
  const written = { name: "operands", doc: model.doc, inputs: inputsOf(outputs.map(({ value }) => value)), outputs };
  const graph = rewrite(written, { plan: "histories", verify, skip: graphsOwn });
  const found = model.searches.map((search, i) => operandsOfSearch(search, graph.outputs[i].value, ports));
  if (found.length === 0 || found.includes(null)) {
    return null;
  }
  const all = found.filter((one) => one !== null);
  const values = all.flatMap((one) => one.outputs);
  return {
    graph: { ...graph, inputs: inputsOf(values.map(({ value }) => value)), outputs: values },
    searches: all.map(({ spec }) => spec),
  };
}

function operandsOfSearch(search: Search, scores: Value, ports: TrainPorts) {
  const terms = termsOf(scores);
  const products = terms.flatMap((term) => productOf(term) ?? []);
  const biases = terms.filter((term) => productOf(term) === null).map((term) => biasOf(term, search, ports));
  const [product] = products;
  if (products.length !== 1 || biases.includes(null) || !isHistory(product.index, search, ports)) {
    return null;
  }
  const [heads, width] = [knownDim(product.query, 0), knownDim(product.query, 2)];
  if (heads > kernelLimits.heads || width > kernelLimits.width) {
    return null;
  }
  const all = biases.filter((bias) => bias !== null);
  const { name, keep, heads: rule, doc } = search;
  const outputs: Output[] = [
    { name: `${name}.query`, value: product.query, doc },
    { name: `${name}.keys`, value: product.keys, doc },
    ...all.map(({ rows }, i) => ({ name: `${name}.bias.${i}`, value: rows, doc })),
  ];
  const spec: TrainKernelSearch = {
    search: name,
    history: search.from.name,
    heads,
    width,
    keep,
    rule: rule === "per_head" ? "per_head" : "round_robin",
    query: outputs[0].name,
    keys: outputs[1].name,
    biases: all.map(({ features }, i) => ({ rows: outputs[2 + i].name, features })),
  };
  return { outputs, spec };
}

/** What is added up. */
function termsOf(value: Value): Value[] {
  const { node } = bare(value);
  return node.op === "add" ? node.inputs.flatMap(termsOf) : [bare(value)];
}

/** Without axes of one behaviour each that come and go. */
function bare(value: Value): Value {
  const { op, inputs } = value.node;
  return op === "squeeze" || op === "unsqueeze" ? bare(inputs[0]) : value;
}

interface TrainProduct {
  /** [A, B, d] */
  readonly query: Value;
  /** [items, A, d] */
  readonly keys: Value;
  /** [B, L] */
  readonly index: Value;
}

/** The product of every row's queries and the keys of its behaviours; null: it is something else. */
function productOf({ node, shape }: Value): TrainProduct | null {
  if (node.op === "div" && made(node.inputs[1], "constant")?.shape.length === 0) {
    const [divided, scale] = node.inputs;
    const own = productOf(bare(divided));
    return own && { ...own, query: builder(node.scope, node.doc).div(own.query, scale) };
  }
  if (node.op !== "matmul") {
    return null;
  }
  const [left, right] = node.inputs;
  const b = builder(node.scope, node.doc);
  // (gather(X, i) W) · q
  const read = readItems(left);
  if (read !== null) {
    return right.shape[3] === 1 && right.shape[0] === shape[0]
      ? { query: b.squeeze(right, 3), keys: projectedOnce(b, read), index: read.index }
      : null;
  }
  // gather(X, i) · q, of one head
  const axes = left.shape.length === 4 && left.shape[0] === 1 ? 3 : 2;
  const rows = axes === 3 && made(left, "unsqueeze")?.axes.join() === "0" ? left.node.inputs[0] : left;
  const looked = made(rows, "gather")?.axis === 0 && rows.shape.length === 3 ? rows.node.inputs : null;
  if (looked === null || right.shape.at(-1) !== 1 || right.shape.length !== left.shape.length) {
    return null;
  }
  const [items, index] = looked;
  const query = b.squeeze(right, axes);
  return {
    query: axes === 3 ? query : b.unsqueeze(query, 0),
    keys: b.unsqueeze(items, 1),
    index,
  };
}

/** gather(T, i) with the heads in front, T [rows, A, 1]. */
function biasOf(value: Value, search: Search, ports: TrainPorts) {
  const order = made(value, "transpose")?.permutation.join();
  const [read] = value.node.inputs;
  if ((order !== "2,0,1,3" && order !== "2,0,1") || made(read, "gather")?.axis !== 0) {
    return null;
  }
  const [table, index] = read.node.inputs;
  const features = namedBy(index, search, ports);
  const b = builder(value.node.scope, value.node.doc);
  return features && { rows: b.reshape(table, [knownDim(table, 0), knownDim(table, 1)]), features };
}

/** The features whose values make up the numbers of rows, Σ value · stride; null: it is something else. */
function namedBy(index: Value, search: Search, ports: TrainPorts): { feature: string; stride: number }[] | null {
  const source = sourceOf(index, ports);
  if (source?.kind === "cross" && source.frame === search.from.name && index.shape.length === 2) {
    return [{ feature: source.feature, stride: 1 }];
  }
  const { op, inputs } = index.node;
  if (op !== "add" && op !== "mul") {
    return null;
  }
  const [left, right] = inputs;
  const own = namedBy(left, search, ports);
  if (op === "add") {
    const other = namedBy(right, search, ports);
    return own && other && [...own, ...other];
  }
  const factor = made(right, "constant");
  return factor === null || factor.shape.length > 0
    ? null
    : (own?.map(({ feature, stride }) => ({ feature, stride: stride * factor.data[0] })) ?? null);
}

function isHistory(index: Value, search: Search, ports: TrainPorts): boolean {
  const source = sourceOf(index, ports);
  return source?.kind === "index" && source.frame === search.from.name;
}

function sourceOf(value: Value, { sources }: TrainPorts): TrainSource | null {
  const input = made(value, "input");
  return input === null ? null : (sources.get(input.name) ?? null);
}
