// The contract of training's graphs, as manifest.yaml has it.
import type {
  TrainGraph,
  TrainKernelSearch,
  TrainPort,
  TrainResult,
  TrainSource,
  TrainSpec,
} from "../../contract/training-spec.ts";
import type { Graph, InputValue } from "../ir/graph.ts";
import { popularityTable } from "../lower/popularity.ts";
import { calibrationParameter } from "../model/calibration.ts";
import { allFeatures } from "../model/features.ts";
import type { Model } from "../model/model.ts";
import { largeTableBound } from "../model/parameter.ts";
import { keptPort, labelPort, scoresPort } from "../model/ports.ts";
import { framesOf } from "./frames.ts";
import type { TrainPlan } from "./plan.ts";
import type { TrainPorts } from "./ports.ts";

const nameOf = ({ node }: InputValue) => node.attributes.name;

/** The graph with its inputs in the model's order; what another graph hands on comes last. */
export function inOrder(graph: Graph, { sources }: TrainPorts): Graph {
  const order = new Map([...sources.keys()].map((name, index) => [name, index]));
  const place = (value: InputValue) => order.get(nameOf(value)) ?? order.size;
  return { ...graph, inputs: graph.inputs.toSorted((a, b) => place(a) - place(b)) };
}

export function graphSpec(
  graph: Graph,
  { sources }: TrainPorts,
  results: ReadonlyMap<string, TrainResult>,
): TrainGraph {
  const source = (name: string): TrainSource => sources.get(name) ?? { kind: "carried" };
  return {
    file: `train/${graph.name}.onnx`,
    inputs: graph.inputs.map((value): TrainPort => {
      const name = nameOf(value);
      if (value.dtype !== "float32" && value.dtype !== "int32") {
        throw new Error(`graph ${graph.name} takes ${name} as ${value.dtype}`);
      }
      return { name, dtype: value.dtype, shape: [...value.shape], source: source(name) };
    }),
    outputs: graph.outputs.map(({ name }) => {
      const result = results.get(name);
      if (result === undefined) {
        throw new Error(`graph ${graph.name} has an output ${name} that says nothing`);
      }
      return { name, result };
    }),
  };
}

export function keptResults(model: Model): Map<string, TrainResult> {
  return new Map(model.searches.map((search) => [keptPort(model, search), { kind: "kept", search: search.name }]));
}

export const operandResults = (searches: readonly TrainKernelSearch[]): Map<string, TrainResult> =>
  new Map(
    searches.flatMap(({ search, query, keys, biases }) =>
      [query, keys, ...biases.map(({ rows }) => rows)].map((name) => [name, { kind: "operand", search }] as const),
    ),
  );

export function oracleResults(model: Model): Map<string, TrainResult> {
  return new Map(model.searches.map((search) => [scoresPort(model, search), { kind: "scores", search: search.name }]));
}

export function scoreResults(model: Model): Map<string, TrainResult> {
  const labels = model.towers.flatMap(({ tasks }) => tasks.map(({ label }) => label));
  return new Map(
    labels.flatMap((label): [string, TrainResult][] => [
      [labelPort(label), { kind: "probability", label }],
      [`${label}.logit`, { kind: "logit", label }],
    ]),
  );
}

/** @param graphs `step` and `score` among them */
export function trainSpec(
  model: Model,
  { packs, tables }: TrainPlan,
  graphs: ReadonlyMap<keyof TrainSpec["graphs"], TrainGraph>,
  kernel: readonly TrainKernelSearch[] | null,
): TrainSpec {
  const { train } = model;
  const read = new Set(
    [...graphs.values()].flatMap(({ inputs }) =>
      inputs.flatMap(({ source }) => ("frame" in source ? [source.frame] : [])),
    ),
  );
  return {
    ...(kernel !== null && { kernel: [...kernel] }),
    graphs: {
      search: graphs.get("search") ?? null,
      ...(kernel !== null && { operands: graphs.get("operands")! }),
      step: graphs.get("step")!,
      update: graphs.get("update") ?? null,
      score: graphs.get("score")!,
      oracle: graphs.get("oracle") ?? null,
    },
    frames: framesOf(model).flatMap(({ spec }) => (read.has(spec.name) ? [spec] : [])),
    packs: [...packs],
    tables: [...tables],
    ...(model.popularity.features.length > 0 && {
      counted: model.popularity.features.map((feature) => {
        const { parameter, shape } = popularityTable(feature);
        return { feature: feature.qualified, parameter, shape: [...shape] as [number, number] };
      }),
    }),
    unknown: allFeatures(model).flatMap(({ qualified, unknown }) =>
      unknown > 0 ? [{ feature: qualified, share: unknown }] : [],
    ),
    tasks: model.towers.flatMap(({ name, tasks }) =>
      tasks.map(({ label, kind, weight, pairs, through, where, calibrate }) => ({
        label,
        kind,
        weight,
        ...(pairs > 0 && { pairs }),
        ...(through !== null && { through }),
        where,
        bias: `${name}.${label}.bias`,
        ...(calibrate !== null && {
          calibrate: { kind: calibrate, parameter: calibrationParameter({ name }, { label }) },
        }),
      })),
    ),
    ...(train.renew && { renew: { bound: largeTableBound } }),
    ...(train.average !== null && { average: train.average }),
    ...(train.cold > 0 && { cold: train.cold }),
    ...(train.group > 1 && { group: train.group }),
    ...(train.length !== null && { length: train.length }),
    batch: train.batch,
    epochs: train.epochs,
    rates: { dense: train.dense.rate, embeddings: train.embeddings.rate },
    schedule: { ...train.schedule },
    stop: train.stop && { ...train.stop, on: stopOn(train.stop.on) },
    seed: train.seed,
  };
}

type StopOn = NonNullable<TrainSpec["stop"]>["on"];

function stopOn(on: string): StopOn {
  const known = (["auc", "gauc", "logloss"] as const).find((one) => one === on);
  if (known === undefined) {
    throw new Error(`stop: ${on} is nothing to stop on`);
  }
  return known;
}
