// What is counted of the behaviours whose feature has one value, for every value of a feature: how many, the newest, sums.
import type { StatEncoder } from "../../contract/encoder-spec.ts";
import { DecayedSums, grown, type Terms } from "./decayed-sums.ts";
import type { EqualValues } from "./equal-values.ts";

type Recent = Extract<StatEncoder, { readonly kind: "recent" }>;

/** Sums of one cross feature, by slot. */
interface Sums {
  weight: Float64Array<ArrayBuffer>;
  sum: Float64Array<ArrayBuffer>;
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
  /** By slot, behaviours, and the place of the newest. */
  #count = new Int32Array(0);
  #newest = new Int32Array(0);
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
      this.#sums.set(of, { weight: new Float64Array(0), sum: new Float64Array(0), decayed: new Map() });
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
    this.#count.fill(0, 0, this.#slots);
    for (const { weight, sum, decayed } of this.#sums.values()) {
      weight.fill(0, 0, this.#slots);
      sum.fill(0, 0, this.#slots);
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
    if (this.#slots > this.#count.length) {
      // Most users of a request bring all their behaviours at once; who comes again has more of them each time.
      this.#grow(this.#count.length === 0 ? this.#slots : 2 * this.#slots);
    }
    const count = this.#count;
    const newest = this.#newest;
    for (let place = to - 1; place >= from; place--) {
      const slot = slotOf[place];
      if (slot >= 0) {
        count[slot]++;
        newest[slot] = place;
      }
    }
  }

  /** The terms of places `to` − 1 … `from` come (sign 1) or go (−1). @param time of each place */
  add(of: string, terms: Terms, time: Float64Array | null, from: number, to: number, sign: 1 | -1): void {
    const sums = this.#sums.get(of);
    if (sums === undefined) {
      return;
    }
    const { weight, sum, decayed } = sums;
    const slotOf = this.#slotOf;
    const { weight: weights, sum: addends } = terms;
    for (let place = to - 1; place >= from; place--) {
      const slot = slotOf[place];
      if (slot >= 0) {
        weight[slot] += sign * weights[place];
        sum[slot] += sign * addends[place];
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
      if (slot >= 0 && --this.#count[slot] === 0) {
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
      const slot = this.#matching[i];
      if (this.#count[slot] > 0) {
        this.count += this.#count[slot];
        this.newest = Math.min(this.newest, this.#newest[slot]);
      }
    }
  }

  total(of: string): Total {
    const { weight, sum } = this.#sums.get(of)!;
    const into = { weight: 0, sum: 0 };
    for (let i = 0; i < this.#matched; i++) {
      into.weight += weight[this.#matching[i]];
      into.sum += sum[this.#matching[i]];
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
    this.#count = grown(this.#count, slots);
    this.#newest = grown(this.#newest, slots);
    for (const sums of this.#sums.values()) {
      sums.weight = grown(sums.weight, slots);
      sums.sum = grown(sums.sum, slots);
      for (const decayed of sums.decayed.values()) {
        decayed.grow(slots);
      }
    }
  }

  #empty(slot: number): void {
    for (const { weight, sum, decayed } of this.#sums.values()) {
      weight[slot] = 0;
      sum[slot] = 0;
      for (const sums of decayed.values()) {
        sums.empty(slot);
      }
    }
  }
}
