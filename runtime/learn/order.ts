// In which order the samples come: a permutation of the training part for each epoch, from (seed, epoch) alone.
import { streams } from "../../contract/random.ts";

/** A permutation of 0 … count−1 (Fisher–Yates over xoshiro128**). */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    order[i] = i;
  }
  const { below } = streams.epochOrder(seed, epoch);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

export interface StepPlace {
  /** From 0. */
  readonly epoch: number;
  /** The batch is `order[from …to)` of that epoch. */
  readonly from: number;
  readonly to: number;
}

/**
 * Where the samples of a step lie. Every epoch has the same number of steps; their batches are equally large but for
 * one, at most `batch`: no epoch ends with a few stray samples, whose batch statistics would mean nothing.
 */
export class Steps {
  readonly perEpoch: number;
  readonly #count: number;

  /** @param count samples of the training part, at least one */
  constructor(count: number, batch: number) {
    this.#count = count;
    this.perEpoch = Math.ceil(count / batch);
  }

  /** @param step counted from 1 */
  place(step: number): StepPlace {
    const done = step - 1;
    const epoch = Math.floor(done / this.perEpoch);
    const within = done - epoch * this.perEpoch;
    const cut = (i: number): number => Math.floor((i * this.#count) / this.perEpoch);
    return { epoch, from: cut(within), to: cut(within + 1) };
  }

  /** Steps of so many epochs, which need not be whole: at least one. */
  of(epochs: number): number {
    return Math.max(1, Math.round(epochs * this.perEpoch));
  }
}
