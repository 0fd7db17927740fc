// One training step: search, the kept behaviours, forward and backward, update, new values written back.

import type { TrainGraph } from "../../contract/training-spec.ts";
import { floatsOf, type Tensor } from "../session/session.ts";
import type { Assembled } from "./assemble.ts";
import { Buffers, release } from "./buffers.ts";
import { Compactor, writeBack } from "./compact.ts";
import { feedsOf, type Scene } from "./feeds.ts";
import { Frames } from "./frames.ts";
import { resultsOf, type TrainGraphs } from "./graphs.ts";
import { lossError } from "./loss-error.ts";
import type { TrainPlan } from "./plan.ts";
import { Searcher } from "./search.ts";
import type { TrainState } from "./state.ts";

export class Stepper {
  readonly plan: TrainPlan;
  readonly state: TrainState;
  readonly graphs: TrainGraphs;
  readonly #frames: Frames;
  readonly #compactor: Compactor;
  readonly #searcher: Searcher;

  constructor(plan: TrainPlan, state: TrainState, graphs: TrainGraphs) {
    this.plan = plan;
    this.state = state;
    this.graphs = graphs;
    const buffers = new Buffers();
    this.#frames = new Frames(plan, buffers);
    this.#compactor = new Compactor(plan, buffers);
    this.#searcher = new Searcher(plan, state, graphs);
  }

  /**
   * Learns from a batch.
   * @param step counted from 1
   * @returns the loss before the step
   * @throws TwinError where the loss is no finite number: nothing was written back
   */
  async learn(batch: Assembled, step: number): Promise<number> {
    const kept = await this.#searcher.search(batch);
    const { plan, state, graphs } = this;
    const look = this.#frames.kept(batch, kept);
    const compacted = this.#compactor.compact(look, batch.single);
    const scene = (carried: Readonly<Record<string, Tensor>>): Scene => ({
      plan,
      state,
      batch,
      look,
      learning: { step, compacted, compactor: this.#compactor, carried },
    });
    const graph = graphs.graph("step");
    const outputs = await graphs.run("step", feedsOf(graph, scene({})));
    const loss = this.#loss(graph, outputs, batch, step);
    const update = graphs.has("update") ? graphs.graph("update") : null;
    const more = update === null ? {} : await graphs.run("update", feedsOf(update, scene(outputs)));
    this.#keep(graph, outputs, compacted.rows);
    if (update !== null) {
      this.#keep(update, more, compacted.rows);
    }
    this.#release(outputs, more);
    state.average(step);
    return loss;
  }

  /** All outputs but the packs, which the state holds from now on. */
  #release(...outputs: readonly Readonly<Record<string, Tensor>>[]): void {
    const held = new Set<ArrayBufferLike>();
    for (const { values, slots } of this.state.packs.values()) {
      for (const array of [values, ...slots.values()]) {
        held.add(array.buffer);
      }
    }
    const all = outputs.flatMap((some) => Object.values(some).map(({ data }) => data.buffer));
    release(all.filter((buffer) => !held.has(buffer)));
  }

  #loss(graph: TrainGraph, outputs: Readonly<Record<string, Tensor>>, batch: Assembled, step: number): number {
    const [{ tensor }] = resultsOf(graph, outputs, "loss");
    const loss = tensor.data[0];
    if (Number.isFinite(loss)) {
      return loss;
    }
    const [losses] = resultsOf(graph, outputs, "losses");
    throw lossError(loss, step, batch, floatsOf(losses.tensor, "the losses"));
  }

  #keep(graph: TrainGraph, outputs: Readonly<Record<string, Tensor>>, rows: ReadonlyMap<string, Int32Array>): void {
    const { state } = this;
    const write = (what: "values" | "state", parameter: string, tensor: Tensor): void => {
      const own = rows.get(parameter);
      if (own === undefined) {
        throw new Error(`the rows of ${parameter} were not collected`);
      }
      writeBack(state.table(parameter), what, own, floatsOf(tensor, parameter));
    };
    for (const { result, tensor } of resultsOf(graph, outputs, "pack")) {
      state.pack(result.pack).values = floatsOf(tensor, result.pack);
    }
    for (const { result, tensor } of resultsOf(graph, outputs, "pack-state")) {
      state.pack(result.pack).slots.set(result.slot, floatsOf(tensor, result.pack));
    }
    for (const { result, tensor } of resultsOf(graph, outputs, "table")) {
      write("values", result.parameter, tensor);
    }
    for (const { result, tensor } of resultsOf(graph, outputs, "table-state")) {
      write("state", result.parameter, tensor);
    }
  }
}
