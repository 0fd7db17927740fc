// In which order the samples come: a permutation of the training part for each epoch, from (seed, epoch) alone.
import { streams } from "../../contract/random.ts";

/** A permutation of 0 … count−1 (Fisher–Yates over xoshiro128**). */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    order[i] = i;
  }
  shuffle(order, streams.epochOrder(seed, epoch).below);
  return order;
}

/** Puts the values in an order of which each is equally likely (Fisher and Yates). */
export function shuffle(values: Int32Array | Uint32Array, below: (count: number) => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [values[i], values[j]] = [values[j], values[i]];
  }
}

/**
 * The same in groups: each user's samples, by time, are cut into pieces of `group`, and the pieces are permuted. Where a user
 * has more, they are cut from a place that is drawn for it: over epochs a sample has other neighbours beside it.
 */
export function groupedOrder(
  seed: number,
  epoch: number,
  { user, time }: { readonly user: Uint32Array; readonly time: Float64Array },
  group: number,
): Uint32Array {
  const { below } = streams.groupedOrder(seed, epoch);
  const sorted = Uint32Array.from(user.keys()).sort((a, b) => user[a] - user[b] || time[a] - time[b] || a - b);
  const begins: number[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at + 1;
    while (end < sorted.length && user[sorted[end]] === user[sorted[at]]) {
      end++;
    }
    begins.push(at);
    for (let next = at + (end - at > group ? 1 + below(group) : group); next < end; next += group) {
      begins.push(next);
    }
    at = end;
  }
  const ends = [...begins.slice(1), sorted.length];
  const pieces = Uint32Array.from(begins.keys());
  shuffle(pieces, below);
  const order = new Uint32Array(sorted.length);
  let filled = 0;
  for (const piece of pieces) {
    order.set(sorted.subarray(begins[piece], ends[piece]), filled);
    filled += ends[piece] - begins[piece];
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
