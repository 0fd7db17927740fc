// The inputs of a training graph, each made of what its source says.
import { recordOf } from "../../contract/record.ts";
import type { TrainGraph, TrainPort } from "../../contract/training-spec.ts";
import { floats, ints, type Tensor, tensorOf } from "../session/session.ts";
import type { Assembled } from "./assemble.ts";
import type { Compacted, Compactor } from "./compact.ts";
import type { Frame, Look } from "./frames.ts";
import type { TrainPlan } from "./plan.ts";
import { biasCorrection, rateFactor } from "./schedule.ts";
import type { Parameters } from "./state.ts";

/** What the inputs of one run are made of. */
export interface Scene {
  readonly plan: TrainPlan;
  readonly state: Parameters;
  readonly batch: Assembled;
  readonly look: Look;
  /** For a training step: its number, the batch's rows of the large tables, and what earlier graphs handed on. */
  readonly learning?: {
    readonly step: number;
    readonly compacted: Compacted;
    readonly compactor: Compactor;
    readonly carried: Readonly<Record<string, Tensor>>;
  };
}

export function feedsOf(graph: TrainGraph, scene: Scene): Record<string, Tensor> {
  return recordOf(graph.inputs.map((port) => [port.name, feed(port, scene)]));
}

/** The learning rate of a step. */
export function rateOf({ spec }: TrainPlan, of: "dense" | "embeddings", step: number): number {
  return spec.rates[of] * rateFactor(spec.schedule, step);
}

function feed(port: TrainPort, scene: Scene): Tensor {
  const { source } = port;
  const { plan, state, batch, learning } = scene;
  const look = learning?.compacted ?? scene.look;
  const learned = () => learning ?? impossible(port, "only a training step has it");
  switch (source.kind) {
    case "pack": {
      const { values } = state.packs.get(source.pack) ?? impossible(port, "there is no such pack");
      return floats(values, values.length);
    }
    case "pack-state": {
      const values = state.packs.get(source.pack)?.slots.get(source.slot) ?? impossible(port, "there is no such state");
      return floats(values, values.length);
    }
    case "table":
    case "table-state": {
      const table = state.tables.get(source.parameter) ?? impossible(port, "there is no such table");
      const width = source.kind === "table" ? table.table.dim : table.table.state;
      if (source.kind === "table" && !learning) {
        return floats(table.values, table.table.rows, width);
      }
      const { compacted, compactor } = learned();
      const rows = compacted.rows.get(source.parameter) ?? impossible(port, "its rows were not collected");
      const values = source.kind === "table" ? compactor.values(table, rows) : compactor.state(table, rows);
      return floats(values, rows.length, width);
    }
    case "item":
      return tensorOf(look.itemFeatures[source.feature], [look.items, ...plan.shape[source.feature]]);
    case "index": {
      if (source.frame === null) {
        return ints(look.candidate, batch.rows);
      }
      const { index, shape } = frame(look, port, source.frame);
      return ints(index, ...shape);
    }
    case "cross": {
      const { cross, shape } = frame(look, port, source.frame);
      return tensorOf(cross[source.feature], [...shape, ...plan.shape[source.feature]]);
    }
    case "valid": {
      const { valid, shape } = frame(look, port, source.frame);
      return floats(valid, ...shape);
    }
    case "single": {
      const columns = learning ? learning.compacted.single : batch.single;
      return tensorOf(columns[source.feature], [batch.rows, ...plan.shape[source.feature]]);
    }
    case "label":
      return floats(batch.labels[source.label].map(present), batch.rows);
    case "label-weight":
      return floats(batch.labelWeights[source.label], batch.rows);
    case "pairs":
      return floats(batch.pairs[source.label], batch.rows, batch.rows);
    case "offset":
      return floats(batch.offset, batch.rows);
    case "rate":
      return floats(Float32Array.of(rateOf(plan, source.of, learned().step)));
    case "correction":
      return floats(Float32Array.of(biasCorrection(source.beta, learned().step)));
    case "dropout":
      return floats(batch.dropout[port.name], batch.rows, source.width);
    case "carried":
      return learned().carried[port.name] ?? impossible(port, "no graph before it gives it");
  }
}

const present = (value: number): number => (Number.isNaN(value) ? 0 : value);

function frame(look: Look, port: TrainPort, name: string): Frame {
  return look.frames[name] ?? impossible(port, `there is no frame ${name}`);
}

function impossible(port: TrainPort, why: string): never {
  throw new Error(`input ${port.name} of a training graph cannot be fed: ${why}`);
}
