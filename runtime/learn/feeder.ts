// Who brings the batches of training and scoring.
import { type Assembled, Assembler } from "./assemble.ts";
import { baseRates } from "./base-rates.ts";
import type { Dataset, Part } from "./dataset.ts";
import { epochOrder, groupedOrder, Steps } from "./order.ts";
import type { TrainPlan } from "./plan.ts";
import type { Drawn } from "./some-users.ts";

export interface Feeder {
  /** SHA-256 of what the data set was made of. */
  readonly fingerprint: string;
  /** Users of the data set. */
  readonly users: number;
  /** Tables that the data count, by feature; see `Dataset`. */
  readonly counted: Readonly<Record<string, Float32Array>>;
  /** Where the training part is that of some users alone. */
  readonly drawn?: Drawn | null;
  count(part: Part): number;
  /** By label where its bias starts, of the training part; see `baseRates`. */
  starts(): Promise<Readonly<Record<string, number>>>;
  /** The batch of a training step, counted from 1. */
  step(step: number): Promise<Assembled>;
  /** Samples of a part, for scoring: nothing is masked or dropped. */
  samples(part: Part, samples: Uint32Array): Promise<Assembled>;
  close(): Promise<void>;
}

/** Assembles what it is asked for, in the calling thread. */
export class BatchSource {
  readonly #assembler: Assembler;
  readonly #dataset: Dataset;
  readonly #plan: TrainPlan;
  readonly #seed: number;
  #whose: ReturnType<Dataset["whose"]> | null = null;
  #order: { readonly epoch: number; readonly order: Uint32Array } | null = null;

  constructor(dataset: Dataset, plan: TrainPlan, seed: number) {
    this.#dataset = dataset;
    this.#plan = plan;
    this.#seed = seed;
    this.#assembler = new Assembler(dataset, plan);
  }

  step(step: number): Assembled {
    const count = this.#dataset.count("training");
    const { epoch, from, to } = new Steps(count, this.#plan.spec.batch).place(step);
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, order: this.#orderOf(epoch, count) };
    }
    return this.#assembler.assemble("training", this.#order.order.slice(from, to), { seed: this.#seed, step, epoch });
  }

  #orderOf(epoch: number, count: number): Uint32Array {
    const { group = 1 } = this.#plan.spec;
    if (group === 1) {
      return epochOrder(this.#seed, epoch, count);
    }
    this.#whose ??= this.#dataset.whose("training");
    return groupedOrder(this.#seed, epoch, this.#whose, group);
  }

  starts(): Record<string, number> {
    return baseRates(this.#dataset, this.#plan.spec.tasks);
  }

  samples(part: Part, samples: Uint32Array): Assembled {
    return this.#assembler.assemble(part, samples, null);
  }
}

/** A feeder without a thread. */
export function localFeeder(dataset: Dataset, plan: TrainPlan, seed: number): Feeder {
  const source = new BatchSource(dataset, plan, seed);
  return {
    fingerprint: dataset.fingerprint,
    users: dataset.users,
    counted: dataset.counted ?? {},
    count: (part) => dataset.count(part),
    starts: async () => source.starts(),
    step: async (step) => source.step(step),
    samples: async (part, samples) => source.samples(part, samples),
    close: async () => dataset.close(),
  };
}
