// The graphs that training runs, and their contract with the host.
import type { TrainGraph, TrainResult, TrainSpec } from "../../contract/training-spec.ts";
import { builder } from "../ir/build.ts";
import { type Graph, inputsOf, type Output, outputNamed } from "../ir/graph.ts";
import type { Model } from "../model/model.ts";
import { rewrite } from "../passes/index.ts";
import { cut } from "./cut.ts";
import { lossGraph, measuredName, oracleGraph, scoreGraph, searchGraph } from "./forward.ts";
import { operandsOf } from "./operands.ts";
import { type TrainPlan, trainPlan } from "./plan.ts";
import { type TrainPorts, trainPorts } from "./ports.ts";
import { graphSpec, inOrder, keptResults, operandResults, oracleResults, scoreResults, trainSpec } from "./spec.ts";
import { type Unpacked, unpacked, withPacks } from "./unpack.ts";
import { updates } from "./update.ts";

export type TrainGraphName = keyof TrainSpec["graphs"];

export interface Training {
  readonly graphs: ReadonlyMap<TrainGraphName, Graph>;
  readonly spec: TrainSpec;
}

export interface TrainingOptions {
  /** Rows up to which an embedding table travels whole. */
  readonly wholeRows?: number;
  /** False: `step` holds the update too, and is right with one thread only. */
  readonly cut?: boolean;
  /** Check what every pass requires and ensures. */
  readonly verify?: boolean;
}

/**
 * All graphs of a model's training: `search`, `step`, `update`, `score` and `oracle`, as far as the model has them.
 * Parameters are inputs of theirs: none is written inside.
 */
export function trainGraphs(
  model: Model,
  { wholeRows, cut: cuts = true, verify = false }: TrainingOptions = {},
): Training {
  const plan = trainPlan(model, wholeRows);
  const ports = trainPorts(model, plan);
  const packs = unpacked(plan.packs, ports.own);
  const graphs = new Map<TrainGraphName, Graph>();
  const specs = new Map<TrainGraphName, TrainGraph>();
  const add = (name: TrainGraphName, graph: Graph, results: ReadonlyMap<string, TrainResult>) => {
    if (graph.outputs.length === 0) {
      return;
    }
    const ordered = inOrder({ ...rewrite(graph, { plan: "written", verify }), name }, ports);
    graphs.set(name, ordered);
    specs.set(name, graphSpec(ordered, ports, results));
  };
  const whole = (graph: Graph) => withPacks(rewrite(graph, { plan: "histories", verify }), packs);
  const kept = (graph: Graph) => withPacks(rewrite(graph, { plan: "steps", verify }), packs);

  add("search", whole(searchGraph(model, plan)), keptResults(model));
  // Samples of a user have keys in common; those of any order leave the caches before they are read again.
  const operands = model.train.group > 1 ? operandsOf(model, plan, ports, verify) : null;
  if (operands !== null) {
    add("operands", withPacks(operands.graph, packs), operandResults(operands.searches));
  }
  const { graph, results } = stepGraph({ model, plan, ports, packs, verify }, kept(lossGraph(model, plan, ports.own)));
  const { step, update, carried } = cuts ? cut(graph, verify) : { step: graph, update: null, carried: [] };
  const all = new Map([...results, ...carried.map((name) => [name, { kind: "carried" }] as const)]);
  add("step", step, all);
  if (update !== null) {
    add("update", update, all);
  }
  add("score", kept(scoreGraph(model, plan)), scoreResults(model));
  add("oracle", whole(oracleGraph(model, plan)), oracleResults(model));
  return { graphs, spec: trainSpec(model, plan, specs, operands?.searches ?? null) };
}

interface StepParts {
  readonly model: Model;
  readonly plan: TrainPlan;
  readonly ports: TrainPorts;
  readonly packs: Unpacked;
  readonly verify: boolean;
}

/** Forward, backward and update in one graph. */
function stepGraph({ model, plan, ports, packs, verify }: StepParts, forward: Graph) {
  const { clip, l2 } = model.train;
  const updated = updates(forward, { plan, ports: ports.own, packs, clip, l2 });
  const results = new Map<string, TrainResult>([
    ["loss", { kind: "loss" }],
    ["losses", { kind: "losses" }],
  ]);
  const outputs: Output[] = forward.outputs.filter(({ name }) => results.has(name));
  for (const { name: pack, parameters, optimiser } of plan.packs) {
    if (optimiser !== null) {
      continue;
    }
    const name = `${ports.own.pack(pack)}.out`;
    const values = parameters.map((parameter) => outputNamed(forward.outputs, measuredName(parameter.name)));
    const value = values.length === 1 ? values[0] : builder("update/statistics").concat(values, 0);
    outputs.push({ name, value, doc: "Running means and variances after the step." });
    results.set(name, { kind: "pack", pack });
  }
  outputs.push(...updated.outputs);
  for (const [name, result] of updated.results) {
    results.set(name, result);
  }
  const inputs = inputsOf(outputs.map(({ value }) => value));
  return { graph: rewrite({ ...forward, inputs, outputs }, { plan: "learning", verify }), results };
}
