// The side graphs of the selection kernel: what it is given of the user and of candidates, and what follows what it pooled.

import { pooledColumns } from "../../contract/kernel-spec.ts";
import type { GraphName } from "../../contract/manifest.ts";
import type { Graph, Output, Value } from "../ir/graph.ts";
import { whole } from "../lower/frame.ts";
import { countable } from "../lower/mask.ts";
import { rowsDim, type Scene, scene } from "../lower/scene.ts";
import type { Attend, Model } from "../model/model.ts";
import { lookupPorts, matchPorts, operandPort, pooledPort } from "../model/ports.ts";
import { graph, rankOutputs, wiring } from "./assemble.ts";
import { lowerAttend } from "./attend.ts";
import { type KernelPlan, type Mask, planKernel } from "./kernel-plan.ts";

/** Those that the plans name: none where the kernel runs nothing. */
export function kernelGraphs(model: Model, outside: ReadonlySet<string>): ReadonlyMap<GraphName, Graph> {
  const plans = planKernel(model, outside);
  const graphs = new Map<GraphName, Graph>();
  if (!plans.runs) {
    return graphs;
  }
  const write = (name: GraphName, outputs: (scene: Scene) => readonly Output[]) => {
    if (!graphs.has(name)) {
      graphs.set(name, graph(model, name, outputs(scene(model, "request", outside))));
    }
  };
  const all = [plans.cached, ...(plans.fresh === null ? [] : [plans.fresh])];
  for (const plan of all) {
    write(plan.user, (s) => userOutputs(s, plan));
  }
  write("kernel_query", (s) => queryOutputs(s, all));
  for (const [index, plan] of all.entries()) {
    write(plan.head, (s) => headOutputs(s, plan, index === 0));
  }
  return graphs;
}

/** Operands over the behaviours of every history. */
function userOutputs(scene: Scene, { products, searches, attends }: KernelPlan): Output[] {
  const outputs = new Map<string, Output>();
  const write = (name: string, doc: string, value: () => Output["value"]) => {
    if (!outputs.has(name)) {
      outputs.set(name, { name, value: value(), doc });
    }
  };
  for (const product of products) {
    const { stem, held, bias, history } = product;
    if (held === null) {
      write(operandPort(stem, "keys"), history.doc, () => byBehaviour(scene, product.projected(scene)));
    }
    if (bias !== null) {
      write(operandPort(stem, "bias"), history.doc, () => bias(scene));
    }
    for (const { feature, behaviours, worth } of product.match) {
      const ports = matchPorts(stem, feature);
      write(ports.behaviours, feature.doc, () => behaviours(scene));
      write(ports.worth, feature.doc, () => worth(scene));
    }
  }
  for (const { mask } of [...searches, ...attends]) {
    write(mask.port, mask.history.doc, () => maskOf(scene, mask));
  }
  for (const { attend, pooling } of attends) {
    if (pooling.computed !== null) {
      write(operandPort(attend.name, "values"), attend.doc, () => byBehaviour(scene, pooling.computed!(scene)));
    }
    for (const { feature, rows, row } of pooling.lookups) {
      const ports = lookupPorts(attend, feature);
      write(ports.rows, attend.doc, () => rows(scene));
      write(ports.row, attend.doc, () => row(scene));
    }
  }
  return [...outputs.values()];
}

/** [heads, history, width] → [history, heads, width], as rows of a table have it: what was looked up need not be turned. */
const byBehaviour = (scene: Scene, value: Value): Value => scene.b.transpose(value, [1, 0, 2]);

const maskOf = (scene: Scene, { history, tables }: Mask) => countable(scene, whole(scene, history), tables);

/** A query for every metric, and for every search by vectors. */
function queryOutputs(scene: Scene, plans: readonly KernelPlan[]): Output[] {
  const products = new Map(plans.flatMap((plan) => plan.products.map((one) => [one.stem, one])));
  return [...products.values()].flatMap(({ stem, query, match }) => [
    { name: operandPort(stem, "query"), value: query(scene), doc: "" },
    ...match.map(({ feature, candidates }) => ({
      name: matchPorts(stem, feature).candidates,
      value: candidates(scene),
      doc: feature.doc,
    })),
  ]);
}

/** Probability and logit of every label, from what the kernel pooled; the other attends stand as in `rank`. */
function headOutputs(scene: Scene, { attends }: KernelPlan, cached: boolean): Output[] {
  const pooled = new Map(attends.map(({ attend, pooling }) => [attend, pooling]));
  const wires = wiring(scene, false, cached);
  return rankOutputs(scene, (attend) => {
    const pooling = pooled.get(attend);
    if (pooling === undefined) {
      return lowerAttend(scene, attend, wires);
    }
    return scene.once(`pooled ${attend.name}`, () => {
      const shape = [rowsDim(scene), pooling.product.heads * pooledColumns(pooling)];
      return pooling.result(scene, scene.input(pooledPort(attend), "float32", shape, attend.doc));
    });
  });
}

/** What the kernel is to pool, by `rank`'s own formula: the reference of the head's inputs. Null: it pools nothing. */
export function pooledGraph(model: Model, outside: ReadonlySet<string>): Graph | null {
  const plans = planKernel(model, outside);
  const attends = plans.runs ? plans.cached.attends : [];
  const s = scene(model, "request", outside);
  const wires = wiring(s, false, true);
  const outputs = attends.map(({ attend }) => ({ name: pooledPort(attend), value: pooledOf(attend), doc: attend.doc }));
  return outputs.length === 0 ? null : graph(model, "pooled", outputs);

  function pooledOf(attend: Attend) {
    const { pooled } = lowerAttend(s, attend, wires);
    if (pooled === null) {
      throw new Error(`attend ${attend.name} pools nothing before its result`);
    }
    return pooled;
  }
}
