// The backward side of training: gradients of the loss, clipped, and one step of every optimiser.
import type { OptimiserSpec, Pack, SparseTable, TrainResult } from "../../contract/training-spec.ts";
import { optimise, type Step, type StepInputs, type Stepped } from "../gradient/optimisers/index.ts";
import { gradients } from "../gradient/reverse.ts";
import { type Builder, builder } from "../ir/build.ts";
import { type Graph, type Output, outputNamed, type Value } from "../ir/graph.ts";
import type { Train } from "../model/model.ts";
import { clipped } from "./clip.ts";
import { flat, perRow } from "./packed.ts";
import { slotsOf, type TrainPlan } from "./plan.ts";
import type { OwnPorts } from "./ports.ts";
import type { Unpacked } from "./unpack.ts";

export interface Update {
  readonly outputs: readonly Output[];
  readonly results: ReadonlyMap<string, TrainResult>;
}

/** Where the pieces of one step come from. */
export interface UpdateParts {
  readonly plan: TrainPlan;
  readonly ports: OwnPorts;
  readonly packs: Unpacked;
  /** Largest norm of all gradients together; null: any. */
  readonly clip: number | null;
  readonly l2: Train["l2"];
}

/** New values of all that `forward`, a graph with the output `loss` that reads packs and tables, learns. */
export function updates(forward: Graph, { plan, ports, packs, clip, l2 }: UpdateParts): Update {
  const loss = outputNamed(forward.outputs, "loss");
  const inputs = new Map(forward.inputs.map((value) => [value.node.attributes.name, value]));
  const learned = plan.packs.flatMap(({ optimiser, ...pack }) =>
    optimiser !== null && inputs.has(ports.pack(pack.name)) ? [{ ...pack, optimiser }] : [],
  );
  const tables = plan.tables.flatMap((table) => {
    const rows = inputs.get(table.parameter);
    return rows === undefined ? [] : [{ table, rows }];
  });
  const values = [
    ...learned.flatMap(({ parameters }) => parameters.map(({ name }) => packs.parameter(name))),
    ...tables.map(({ rows }) => rows),
  ];
  const found = clipped(gradients(loss, values), clip);
  const outputs: Output[] = [];
  const results = new Map<string, TrainResult>();
  const write = (name: string, value: Value, result: TrainResult) => {
    outputs.push({ name: `${name}.out`, value, doc: "" });
    results.set(`${name}.out`, result);
  };
  const rates = stepInputs(ports);

  for (const pack of learned) {
    const own = found.splice(0, pack.parameters.length);
    const { value, state } = steppedPack(pack, own, rates, ports, packs, l2);
    write(ports.pack(pack.name), value, { kind: "pack", pack: pack.name });
    pack.slots.forEach((slot, index) => {
      write(ports.packState(pack.name, slot), state[index], { kind: "pack-state", pack: pack.name, slot });
    });
  }
  for (const { table, rows } of tables) {
    const [gradient] = found.splice(0, 1);
    const { parameter } = table;
    const { value, state } = steppedTable(table, rows, gradient, rates, ports, l2);
    write(parameter, value, { kind: "table", parameter });
    if (state !== null) {
      write(ports.tableState(parameter), state, { kind: "table-state", parameter });
    }
  }
  return { outputs, results };
}

/** Rates and corrections are asked for once each. */
function stepInputs(ports: OwnPorts): (b: Builder, of: "dense" | "embeddings") => StepInputs {
  const made = new Map<string, Value>();
  const scalar = (name: string, doc: string) => {
    const value = made.get(name) ?? builder("").input(name, "float32", [], doc);
    made.set(name, value);
    return value;
  };
  return (b, of) => ({
    b,
    rate: scalar(ports.rate(of), `Learning rate of ${of === "dense" ? "projections and towers" : "embeddings"}.`),
    correction: (beta) => scalar(ports.correction(beta), `1 − ${beta}^t at step t, counted from 1.`),
  });
}

function steppedPack(
  { name, size, optimiser, slots, parameters }: Pack & { readonly optimiser: OptimiserSpec },
  gradients: readonly Value[],
  rates: ReturnType<typeof stepInputs>,
  ports: OwnPorts,
  packs: Unpacked,
  decay: Train["l2"],
): Step {
  const b = builder(`update/${name}`);
  const embeddings = name === "small";
  const l2 = embeddings ? decay.embeddings : decay.dense;
  const shapes = parameters.map(({ shape }) => shape);
  const needsRows = embeddings && (optimiser.kind === "adam" || l2 > 0);
  const stepped: Stepped = {
    value: packs.pack(name),
    gradient: flat(b, gradients),
    state: slots.map((slot) => b.input(ports.packState(name, slot), "float32", [size], stateDoc)),
    touched: needsRows
      ? flat(
          b,
          gradients.map((gradient) => b.broadcast(touchedRows(b, gradient), gradient)),
        )
      : null,
    rowMean: (x) => perRow(b, x, shapes),
  };
  return optimise(optimiser, rates(b, embeddings ? "embeddings" : "dense"), decayed(b, stepped, l2));
}

/** New rows and their state, [rows, state]; null where the optimiser has none. */
function steppedTable(
  { parameter, dim, state, optimiser }: SparseTable,
  value: Value,
  gradient: Value,
  rates: ReturnType<typeof stepInputs>,
  ports: OwnPorts,
  { embeddings: l2 }: Train["l2"],
): { value: Value; state: Value | null } {
  const b = builder(`update/${parameter}`);
  const rows = value.shape[0];
  const held = state === 0 ? null : b.input(ports.tableState(parameter), "float32", [rows, state], stateDoc);
  const count = slotsOf(optimiser).length;
  const width = state / Math.max(1, count);
  const slots = (all: Value): Value[] =>
    count === 1 ? [all] : Array.from({ length: count }, (_, i) => b.slice(all, 1, i * width, (i + 1) * width));
  const stepped: Stepped = {
    value,
    gradient,
    state: held === null ? [] : slots(held),
    touched: optimiser.kind === "adam" || l2 > 0 ? touchedRows(b, gradient) : null,
    rowMean: (x) => (dim === 1 ? x : b.mean(x, [1], true)),
  };
  const step = optimise(optimiser, rates(b, "embeddings"), decayed(b, stepped, l2));
  return { value: step.value, state: count === 0 ? null : count === 1 ? step.state[0] : b.concat(step.state, 1) };
}

const stateDoc = "State of the optimiser.";

/** 1 for a row [rows, 1] with a gradient that is not all 0. */
function touchedRows(b: Builder, gradient: Value): Value {
  return b.cast(b.greater(b.max(b.abs(gradient), [1], true), b.scalar(0)), "float32");
}

/** L2: g + l2 · p, of embeddings in touched rows. It comes after clipping, as weight decay does in PyTorch's optimisers. */
function decayed(b: Builder, stepped: Stepped, l2: number): Stepped {
  if (l2 === 0) {
    return stepped;
  }
  const { value, touched } = stepped;
  const pull = touched === null ? b.scalar(l2) : b.mul(touched, b.scalar(l2));
  return { ...stepped, gradient: b.add(stepped.gradient, b.mul(value, pull)) };
}
