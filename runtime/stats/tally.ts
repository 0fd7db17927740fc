// What is counted of the behaviours whose feature has one value, for every value of a feature: how many, the newest, sums.
import type { StatEncoder } from "../../contract/encoder-spec.ts";
import { DecayedSums, grown, type Terms } from "./decayed-sums.ts";
import type { EqualValues } from "./equal-values.ts";

type Recent = Extract<StatEncoder, { readonly kind: "recent" }>;

/** Sums of one cross feature. */
interface Sums {
  /** By slot, side by side: how much the terms weigh, and their sum. */
  total: Float64Array<ArrayBuffer>;
  /** By half-life and unit. */
  readonly decayed: Map<string, DecayedSums>;
}

/** What terms come to. */
export interface Total {
  weight: number;
  sum: number;
}

const halfKey = ({ half, unit }: Pick<Recent, "half" | "unit">): string => `${half} ${unit}`;

/** Over one item feature; `values` null: over all behaviours, which match whatever the candidate is. */
export class Tally {
  readonly #values: EqualValues | null;
  /** By place, the slot of its value; −1: it is unknown. */
  #slotOf = new Int32Array(0);
  /** By slot, side by side: behaviours, and the place of the newest. One access of the memory finds both. */
  #counted = new Int32Array(0);
  /** Slots that have been given. */
  #slots = 0;
  readonly #sums = new Map<string, Sums>();
  readonly #matching: number[] = [];
  #matched = 0;
  /** Behaviours that match what was asked for last. */
  count = 0;
  /** Place of the newest of them; Infinity: none. */
  newest = Number.POSITIVE_INFINITY;

  constructor(values: EqualValues | null) {
    this.#values = values;
  }

  /** The sums of a cross feature are to be kept. */
  keep(of: string): void {
    if (!this.#sums.has(of)) {
      this.#sums.set(of, { total: new Float64Array(0), decayed: new Map() });
    }
  }

  /** The decayed sums, too. */
  keepDecayed({ of, half, unit }: Recent): void {
    this.keep(of);
    const { decayed } = this.#sums.get(of)!;
    const key = halfKey({ half, unit });
    decayed.set(key, decayed.get(key) ?? new DecayedSums(half, unit));
  }

  clear(): void {
    this.#values?.clear();
    this.#counted.fill(0, 0, 2 * this.#slots);
    for (const { total, decayed } of this.#sums.values()) {
      total.fill(0, 0, 2 * this.#slots);
      for (const sums of decayed.values()) {
        sums.clear(this.#slots);
      }
    }
    this.#slots = 0;
  }

  /**
   * Behaviours come: places `to` − 1 … `from`, each newer than all before it.
   * @param values of the items, encoded @param item of each place
   */
  enter(values: Int32Array | null, item: Int32Array, from: number, to: number): void {
    if (this.#slotOf.length < item.length) {
      this.#slotOf = new Int32Array(item.length);
    }
    const slotOf = this.#slotOf;
    if (this.#values === null || values === null) {
      slotOf.fill(0, from, to);
      this.#slots = Math.max(this.#slots, Math.min(1, to - from));
    } else {
      this.#values.enter(values, item, from, to, slotOf);
      this.#slots = this.#values.count;
    }
    if (2 * this.#slots > this.#counted.length) {
      // Most users of a request bring all their behaviours at once; who comes again has more of them each time.
      this.#grow(this.#counted.length === 0 ? this.#slots : 2 * this.#slots);
    }
    const counted = this.#counted;
    if (this.#values === null) {
      if (to > from) {
        counted[0] += to - from;
        counted[1] = from;
      }
      return;
    }
    for (let place = to - 1; place >= from; place--) {
      const at = 2 * slotOf[place];
      if (at >= 0) {
        counted[at]++;
        counted[at + 1] = place;
      }
    }
  }

  /** The terms of places `to` − 1 … `from` come (sign 1) or go (−1). @param time of each place */
  add(of: string, terms: Terms, time: Float64Array | null, from: number, to: number, sign: 1 | -1): void {
    const sums = this.#sums.get(of);
    if (sums === undefined) {
      return;
    }
    const { total, decayed } = sums;
    const slotOf = this.#slotOf;
    const { weight, sum } = terms;
    if (this.#values === null) {
      // All are in one slot: added in the same order, without going through the memory.
      let [weighs, sums] = [total[0], total[1]];
      for (let place = to - 1; place >= from; place--) {
        weighs += sign * weight[place];
        sums += sign * sum[place];
      }
      total[0] = weighs;
      total[1] = sums;
    } else {
      for (let place = to - 1; place >= from; place--) {
        const at = 2 * slotOf[place];
        if (at >= 0) {
          total[at] += sign * weight[place];
          total[at + 1] += sign * sum[place];
        }
      }
    }
    for (const one of decayed.values()) {
      one.add(slotOf, terms, time, from, to, sign);
    }
  }

  /** The oldest behaviours go, places `to` − 1 … `from`, whose terms are taken away. */
  leave(from: number, to: number): void {
    for (let place = to - 1; place >= from; place--) {
      const slot = this.#slotOf[place];
      if (slot >= 0 && --this.#counted[2 * slot] === 0) {
        this.#empty(slot);
      }
    }
  }

  /** Finds what matches an item's value: `count`, `newest` and totals are then of it. */
  match(values: Int32Array | null, item: number): void {
    if (this.#values === null || values === null) {
      this.#matching[0] = 0;
      this.#matched = Math.min(1, this.#slots);
    } else {
      this.#matched = this.#values.matching(values, item, this.#matching);
    }
    this.count = 0;
    this.newest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#matched; i++) {
      const at = 2 * this.#matching[i];
      if (this.#counted[at] > 0) {
        this.count += this.#counted[at];
        this.newest = Math.min(this.newest, this.#counted[at + 1]);
      }
    }
  }

  total(of: string): Total {
    const { total } = this.#sums.get(of)!;
    const into = { weight: 0, sum: 0 };
    for (let i = 0; i < this.#matched; i++) {
      into.weight += total[2 * this.#matching[i]];
      into.sum += total[2 * this.#matching[i] + 1];
    }
    return into;
  }

  /** @param moment the place, or the time, as of which they decayed */
  decayed({ of, half, unit }: Recent, moment: number): Total {
    const sums = this.#sums.get(of)!.decayed.get(halfKey({ half, unit }))!;
    const into = { weight: 0, sum: 0 };
    for (let i = 0; i < this.#matched; i++) {
      sums.read(this.#matching[i], moment, into);
    }
    return into;
  }

  #grow(slots: number): void {
    this.#counted = grown(this.#counted, 2 * slots);
    for (const sums of this.#sums.values()) {
      sums.total = grown(sums.total, 2 * slots);
      for (const decayed of sums.decayed.values()) {
        decayed.grow(slots);
      }
    }
  }

  #empty(slot: number): void {
    for (const { total, decayed } of this.#sums.values()) {
      total[2 * slot] = 0;
      total[2 * slot + 1] = 0;
      for (const sums of decayed.values()) {
        sums.empty(slot);
      }
    }
  }
}
