// Sums whose terms weigh 2^(−age/half): kept as of the newest term, so that time passes without touching them.

/** Ages in places whose factors are looked up: a power costs as much as all else of a behaviour, and few values are away for longer. */
const near = 4096;

/** By half-life in places, the factors of the ages 0, 1, 2 …: every request of a model takes the same. */
const factorsOf = new Map<number, Float64Array>();

/** Half-lives whose factors are kept: a process may load many models. */
const mostKept = 64;

function factors(half: number): Float64Array {
  let found = factorsOf.get(half);
  if (found === undefined) {
    found = Float64Array.from({ length: near }, (_, age) => 2 ** (-age / half));
    if (factorsOf.size < mostKept) {
      factorsOf.set(half, found);
    }
  }
  return found;
}

const noFactors = new Float64Array(0);

/** Terms of behaviours by place: whether each weighs anything, and what it adds to the sum. */
export interface Terms {
  /** 1 or 0. */
  readonly weight: Float64Array;
  readonly sum: Float64Array;
}

/** Used again by every call. */
let listed = new Int32Array(0);

/** Places `to` − 1 … `from` whose terms weigh something, in this order. Listed without a question that no processor foretells. */
function weighingPlaces(weight: Float64Array, from: number, to: number): { places: Int32Array; count: number } {
  if (listed.length < to - from) {
    listed = new Int32Array(to - from);
  }
  const places = listed;
  let count = 0;
  for (let place = to - 1; place >= from; place--) {
    places[count] = place;
    count += weight[place] | 0;
  }
  return { places, count };
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
    this.#factors = unit === "places" ? factors(half) : noFactors;
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

  /**
   * The terms of places `to` − 1 … `from` come (sign 1) or go (−1); those that weigh nothing are none.
   * @param slotOf each place, −1: none @param time of each place
   */
  add(slotOf: Int32Array, terms: Terms, time: Float64Array | null, from: number, to: number, sign: 1 | -1): void {
    const [weights, sums, moments, factors, half] = [this.#weight, this.#sum, this.#moment, this.#factors, this.#half];
    const inPlaces = this.unit === "places";
    const weighing = weighingPlaces(terms.weight, from, to);
    for (let i = 0; i < weighing.count; i++) {
      const place = weighing.places[i];
      const slot = slotOf[place];
      if (slot < 0) {
        continue;
      }
      const moment = inPlaces ? place : (time?.[place] ?? Number.NaN);
      const weight = sign * terms.weight[place];
      const sum = sign * terms.sum[place];
      const newer = inPlaces ? moments[slot] - moment : moment - moments[slot];
      if (newer >= 0) {
        const passed = newer < factors.length ? factors[newer] : 2 ** (-newer / half);
        weights[slot] = weights[slot] * passed + weight;
        sums[slot] = sums[slot] * passed + sum;
        moments[slot] = moment;
      } else if (newer < 0) {
        const passed = -newer < factors.length ? factors[-newer] : 2 ** (newer / half);
        weights[slot] += weight * passed;
        sums[slot] += sum * passed;
      } else {
        // Not a number: nothing was there yet.
        weights[slot] = weight;
        sums[slot] = sum;
        moments[slot] = moment;
      }
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
    const age = this.unit === "places" ? this.#moment[slot] - moment : moment - this.#moment[slot];
    if (!Number.isNaN(age)) {
      const passed = this.#factor(age);
      into.weight += this.#weight[slot] * passed;
      into.sum += this.#sum[slot] * passed;
    }
  }

  #factor(age: number): number {
    return age < this.#factors.length ? this.#factors[age] : 2 ** (-age / this.#half);
  }
}

/** The numbers with zeros behind them. */
export function grown<T extends Float64Array | Int32Array>(numbers: T, length: number): T {
  const larger = new (numbers.constructor as new (length: number) => T)(length);
  larger.set(numbers);
  return larger;
}
