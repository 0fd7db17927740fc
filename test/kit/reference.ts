// Runs a model's graphs in the float64 reference with random parameters, lookup tables made by its own projector.

import { type Layout, lowerGraphs, pooledGraph, projectorPort, rowPort } from "../../compiler/graphs/index.ts";
import { type EvaluateOptions, evaluate } from "../../compiler/ir/evaluate.ts";
import type { Attributes, Graph } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import type { Model } from "../../compiler/model/model.ts";
import { parameters } from "../../compiler/parameters/parameters.ts";
import type { GraphName } from "../../contract/manifest.ts";
import { anyCalibration } from "./any-calibration.ts";
import { type Feeds, itemFeeds, type RequestShape, requestFeeds, uniform } from "./any-request.ts";

export type ReadParameter = (name: string) => Tensor & { readonly data: Float32Array };

/** Uniform in ±0.6; variances in 0.5 … 1.5; calibrations that rise. */
export function randomParameters(model: Model, seed: number): ReadParameter {
  const draw = uniform(seed);
  const all = new Map(
    parameters(model).map(({ name, shape, role }) => {
      if (role === "fitted") {
        return [name, { shape, data: anyCalibration(shape, draw) }];
      }
      const positive = /\.(variance|square)$/.test(name);
      const length = shape.reduce((product, dim) => product * dim, 1);
      const data = Float32Array.from({ length }, () => (positive ? 0.5 + draw() : (draw() - 0.5) * 1.2));
      return [name, { shape, data }];
    }),
  );
  return (name) => {
    const found = all.get(name);
    if (found === undefined) {
      throw new RangeError(`the model has no parameter ${name}`);
    }
    return found;
  };
}

/** The graphs of a model with everything inside. */
export function graphsOf(model: Model, layout: Layout = "request"): ReadonlyMap<GraphName, Graph> {
  return lowerGraphs(model, { layout, outside: new Set() });
}

/** Runs a graph on those of the feeds that it declares. */
export function run(
  graph: Graph,
  feeds: Feeds,
  read: ReadParameter,
  options: EvaluateOptions = {},
): Record<string, Tensor> {
  return evaluate(graph, feedsOf(graph, feeds), read, options);
}

export function feedsOf(graph: Graph, feeds: Feeds): Feeds {
  const names = graph.inputs.map(({ node }) => (node.attributes as Attributes["input"]).name);
  return Object.fromEntries(names.filter((name) => name in feeds).map((name) => [name, feeds[name]]));
}

/**
 * A full float32 table of every behaviour's item behind the miss row, and the rows that read it: behaviour i reads row
 * i + 1, padding row 0. Behaviours that `missed` names read row 0.
 */
export function tableFeeds(
  model: Model,
  projector: Graph,
  feeds: Feeds,
  read: ReadParameter,
  missed: ReadonlySet<number> = new Set(),
): Feeds {
  const made: Feeds = {};
  for (const table of model.tables) {
    const { history } = table;
    const rows = run(projector, itemFeeds(feeds, history), read)[projectorPort(model, table)];
    const [length, width] = rows.shape;
    const data = new Float32Array((length + 1) * width);
    data.set(rows.data, width);
    made[table.name] = { shape: [length + 1, width], data };
    const valid = feeds[`${history.name}.valid`].data;
    const index = Array.from({ length }, (_, row) => (valid[row] === 0 || missed.has(row) ? 0 : row + 1));
    made[rowPort(model, table)] = { shape: [length], data: index };
  }
  return made;
}

export interface World {
  readonly graphs: ReadonlyMap<GraphName, Graph>;
  readonly read: ReadParameter;
  /** Everything that any graph reads: encoded features, tables of the model's own projector, what its searches kept and attends pooled. */
  readonly feeds: Feeds;
}

/** A model with random parameters before a request, its tables built and its search run. */
export function world(
  model: Model,
  shape: RequestShape,
  missed: ReadonlySet<number> = new Set(),
  read = randomParameters(model, shape.seed),
): World {
  const graphs = graphsOf(model);
  const user = requestFeeds(model, shape);
  const projector = graphs.get("projector");
  const feeds = { ...user, ...(projector ? tableFeeds(model, projector, user, read, missed) : {}) };
  const kept = { ...feeds, ...run(graphs.get("search")!, feeds, read) };
  const pooled = pooledGraph(model, new Set());
  return { graphs, read, feeds: { ...kept, ...(pooled ? run(pooled, kept, read) : {}) } };
}

/** Where results differ by more than `tolerance` · max(1, |b|), or null. */
export function apart(actual: Tensor, wanted: Tensor, tolerance = 1e-9): string | null {
  if (actual.shape.join() !== wanted.shape.join()) {
    return `shape [${actual.shape}] instead of [${wanted.shape}]`;
  }
  for (let index = 0; index < wanted.data.length; index++) {
    const [a, b] = [actual.data[index], wanted.data[index]];
    if (!(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)))) {
      return `number ${index} is ${a} instead of ${b}`;
    }
  }
  return null;
}

/** Whether two tensors are equal to the bit. */
export function same(actual: Tensor, wanted: Tensor): boolean {
  return (
    actual.shape.join() === wanted.shape.join() && Array.from(actual.data).join() === Array.from(wanted.data).join()
  );
}

/** The first output that differs, with its name, or null. */
export function outputsApart(actual: Feeds, wanted: Feeds, tolerance = 1e-9): string | null {
  const names = [...new Set([...Object.keys(actual), ...Object.keys(wanted)])];
  for (const name of names) {
    if (!(name in actual) || !(name in wanted)) {
      return `${name} is not among both`;
    }
    const fault = apart(actual[name], wanted[name], tolerance);
    if (fault !== null) {
      return `${name}: ${fault}`;
    }
  }
  return null;
}
