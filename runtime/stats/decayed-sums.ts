// Sums whose terms weigh 2^(−age/half): kept as of the newest term, so that time passes without touching them.

/** Ages in places whose factors are looked up. */
const near = 1024;

/** Terms of behaviours by place: how much each weighs, and what it adds to the sum. */
export interface Terms {
  readonly weight: Float64Array;
  readonly sum: Float64Array;
}

/** Of one feature and one half-life, by slot. A moment is a place, of which smaller ones are newer, or a time in seconds. */
export class DecayedSums {
  readonly unit: "seconds" | "places";
  readonly #half: number;
  /** Factors of the ages 0, 1, 2 … in places; none of times. */
  readonly #factors: Float64Array;
  #weight = new Float64Array(0);
  #sum = new Float64Array(0);
  #moment = new Float64Array(0);

  constructor(half: number, unit: "seconds" | "places") {
    this.#half = half;
    this.unit = unit;
    this.#factors = Float64Array.from({ length: unit === "places" ? near : 0 }, (_, age) => 2 ** (-age / half));
  }

  /** @param slots that had terms */
  clear(slots: number): void {
    this.#weight.fill(0, 0, slots);
    this.#sum.fill(0, 0, slots);
    this.#moment.fill(Number.NaN, 0, slots);
  }

  /** Room for so many slots; those that are new have no terms. */
  grow(slots: number): void {
    const moments = grown(this.#moment, slots);
    moments.fill(Number.NaN, this.#moment.length);
    this.#moment = moments;
    this.#weight = grown(this.#weight, slots);
    this.#sum = grown(this.#sum, slots);
  }

  /** Adds a term of that moment to a slot (sign 1), or takes it away (−1). */
  add(slot: number, moment: number, weight: number, sum: number): void {
    const newer = this.#newer(this.#moment[slot], moment);
    if (Number.isNaN(newer)) {
      this.#weight[slot] = weight;
      this.#sum[slot] = sum;
      this.#moment[slot] = moment;
    } else if (newer >= 0) {
      const passed = this.#factor(newer);
      this.#weight[slot] = this.#weight[slot] * passed + weight;
      this.#sum[slot] = this.#sum[slot] * passed + sum;
      this.#moment[slot] = moment;
    } else {
      const passed = this.#factor(-newer);
      this.#weight[slot] += weight * passed;
      this.#sum[slot] += sum * passed;
    }
  }

  /** Nothing is left of a slot: what rounding left goes, too. */
  empty(slot: number): void {
    this.#weight[slot] = 0;
    this.#sum[slot] = 0;
    this.#moment[slot] = Number.NaN;
  }

  /** Adds to `into` the slot's weight and sum as of that moment. */
  read(slot: number, moment: number, into: { weight: number; sum: number }): void {
    const age = this.#newer(this.#moment[slot], moment);
    if (!Number.isNaN(age)) {
      const passed = this.#factor(age);
      into.weight += this.#weight[slot] * passed;
      into.sum += this.#sum[slot] * passed;
    }
  }

  /** By how much b is newer than a. */
  #newer(a: number, b: number): number {
    return this.unit === "places" ? a - b : b - a;
  }

  #factor(age: number): number {
    return age < this.#factors.length ? this.#factors[age] : 2 ** (-age / this.#half);
  }
}

/** The numbers with zeros behind them. */
export function grown(numbers: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(numbers);
  return larger;
}
