// Twin's side of the comparison: the trainer's own steps on graphs built for the model, the next batch assembled meanwhile.

import type { TrainSpec } from "../../contract/training-spec.ts";
import { type Assembled, buffersOf } from "../../runtime/learn/assemble.ts";
import { release } from "../../runtime/learn/buffers.ts";
import type { Feeder } from "../../runtime/learn/feeder.ts";
import type { Kept } from "../../runtime/learn/frames.ts";
import type { GraphRole, TimedRole, TrainGraphs } from "../../runtime/learn/graphs.ts";
import { epochOrder, Steps } from "../../runtime/learn/order.ts";
import { Scorer, scorePart } from "../../runtime/learn/score.ts";
import { Searcher } from "../../runtime/learn/search.ts";
import type { Stepper } from "../../runtime/learn/step.ts";
import { type Tensor, tensorOf } from "../../runtime/session/session.ts";
import { openTraining, type Setting } from "../train/open.ts";
import type { PeerModel } from "./models.ts";
import type { Recorded } from "./profile.ts";
import { type WorldSize, worldFile } from "./world.ts";

export interface Trained {
  /** Before each step. */
  readonly losses: readonly number[];
  /** From the end of one step to the end of the next. */
  readonly seconds: readonly number[];
  /** Seconds of processor time, all threads. */
  readonly processor: readonly number[];
  /** Of each step; none where it was not asked for. */
  readonly kept: readonly Kept[];
}

export class Ours {
  readonly #feeder: Feeder;
  readonly #stepper: Stepper;
  readonly #graphs: TrainGraphs;
  #step = 0;
  #next: Promise<Assembled> | null = null;

  private constructor(feeder: Feeder, stepper: Stepper, graphs: TrainGraphs) {
    this.#feeder = feeder;
    this.#stepper = stepper;
    this.#graphs = graphs;
  }

  /** Builds the model's training graphs into `folder` and opens them. */
  static async open(folder: string, built: PeerModel, world: WorldSize, setting: Setting): Promise<Ours> {
    const data = { module: new URL("./world.ts", import.meta.url), file: worldFile, settings: world };
    const { feeder, stepper, graphs } = await openTraining(folder, built, data, setting);
    return new Ours(feeder, stepper, graphs);
  }

  /** The batches of the first `count` steps, assembled. */
  batches(count: number): Promise<readonly Assembled[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.#feeder.step(i + 1)));
  }

  /**
   * Trains `steps` steps.
   * @param noting search once more ahead of each, to tell what was kept
   * @param held batches that lie in memory, to go round in; null: each is read and assembled, the next one meanwhile
   */
  async train(steps: number, noting = false, held: readonly Assembled[] | null = null): Promise<Trained> {
    const { plan, state } = this.#stepper;
    const searcher = noting ? new Searcher(plan, state, this.#graphs) : null;
    const kept: Kept[] = [];
    const losses: number[] = [];
    const seconds: number[] = [];
    const processor: number[] = [];
    for (let i = 0; i < steps; i++) {
      const begun = performance.now();
      const used = process.cpuUsage();
      const batch = held ? held[this.#step % held.length] : await this.#ahead();
      this.#step++;
      if (searcher) {
        kept.push(await searcher.search(batch));
      }
      losses.push(await this.#stepper.learn(batch, this.#step));
      if (!held) {
        release(buffersOf(batch));
      }
      seconds.push((performance.now() - begun) / 1000);
      const { user, system } = process.cpuUsage(used);
      processor.push((user + system) / 1e6);
    }
    return { losses, seconds, processor, kept };
  }

  /** The next step's batch; the one after it is asked for. */
  async #ahead(): Promise<Assembled> {
    const batch = await (this.#next ?? this.#feeder.step(this.#step + 1));
    this.#next = this.#feeder.step(this.#step + 2);
    return batch;
  }

  /** What a step on this batch feeds to each graph; the step is one of training. */
  async record(batch: Assembled): Promise<Recorded> {
    const fed = new Map<GraphRole, Readonly<Record<string, Tensor>>>();
    const graphs = this.#graphs;
    const run = graphs.run.bind(graphs);
    graphs.run = (role, feeds) => {
      const own = Object.entries(feeds).map(([name, one]) => [name, tensorOf(one.data.slice(), one.shape)] as const);
      fed.set(role, Object.fromEntries(own));
      return run(role, feeds);
    };
    await this.#stepper.learn(batch, ++this.#step);
    graphs.run = run;
    return fed;
  }

  /** The contract of the graphs. */
  get spec(): TrainSpec {
    return this.#stepper.plan.spec;
  }

  /** Logits of the validation part, in its order. */
  async score(label: string): Promise<Float32Array> {
    const scorer = new Scorer(this.#stepper.plan, this.#stepper.state, this.#graphs);
    const logits: number[] = [];
    for await (const { logit } of scorePart(scorer, this.#feeder, "validation")) {
      logits.push(...logit[label]);
    }
    return Float32Array.from(logits);
  }

  /** Milliseconds spent inside each graph so far. */
  spent(): Readonly<Record<TimedRole, number>> {
    return { ...this.#graphs.spent };
  }

  async close(): Promise<void> {
    await this.#next;
    await this.#graphs.close();
    await this.#feeder.close();
  }
}

/** The samples of the trainer's first steps: what the other side must see in the same order. */
export function firstBatches(count: number, batch: number, seed: number, steps: number): Uint32Array[] {
  const places = new Steps(count, batch);
  return Array.from({ length: steps }, (_, i) => {
    const { epoch, from, to } = places.place(i + 1);
    return epochOrder(seed, epoch, count).slice(from, to);
  });
}
