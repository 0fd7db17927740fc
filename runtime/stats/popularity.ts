// How popular the values of an item feature were at a time, over all users: of each training row what training rows before it
// say, and of whatever comes later what all of them say in the end.
import { isSeen } from "../encode/seen.ts";

/** Rows of the training part, in any order. */
export interface PopularityRows {
  readonly time: Float64Array;
  /** Row of the feature's value; 0 is unknown, which is never popular. */
  readonly value: Int32Array;
  /** 0 … 1; NaN: not known, which counts in no rate. Null: rows are only counted. */
  readonly label: Float32Array | null;
  /** 1 where a row is counted; a drawn negative is not, and has a popularity all the same. Null: all are. */
  readonly real: Uint8Array | null;
}

export interface PopularityRule {
  /** Values of the feature, the unknown one included. */
  readonly values: number;
  /** A rate is smoothed by so many rows at the base rate of the training part. */
  readonly k: number;
  /** Rows count for so long; null: for ever. In the unit of the times. */
  readonly window: number | null;
  /** A row counts so long after it happened. */
  readonly delay: number;
}

export interface Popularity {
  /** Numbers a row: ln(1 + n) and, with a label, the logit of (Σ + k·base) / (n + k). */
  readonly width: 1 | 2;
  /** [rows, width], in the order in which they came. */
  readonly rows: Float32Array;
  /** [values, width]: as of the newest row, which counts. */
  readonly frozen: Float32Array;
}

/** A row counts those strictly before it, and never itself. */
export function popularity(rows: PopularityRows, rule: PopularityRule): Popularity {
  const { time, value } = rows;
  const width = rows.label === null ? 1 : 2;
  const counts = new Counts(rows, rule, width);
  const order = Uint32Array.from(time.keys()).sort((a, b) => time[a] - time[b] || a - b);
  const result = new Float32Array(time.length * width);
  let come = 0;
  let gone = 0;
  const leave = (now: number): void => {
    while (rule.window !== null && gone < come && time[order[gone]] < now - rule.window) {
      counts.add(order[gone++], -1);
    }
  };
  for (const row of order) {
    const now = time[row];
    while (come < order.length && isSeen(time[order[come]], now, rule.delay)) {
      counts.add(order[come++], 1);
    }
    leave(now);
    counts.put(value[row], result, row);
  }
  while (come < order.length) {
    counts.add(order[come++], 1);
  }
  leave(order.length === 0 ? 0 : time[order[order.length - 1]]);
  const frozen = new Float32Array(rule.values * width);
  for (let one = 0; one < rule.values; one++) {
    counts.put(one, frozen, one);
  }
  return { width, rows: result, frozen };
}

class Counts {
  readonly #rows: PopularityRows;
  readonly #k: number;
  readonly #width: number;
  readonly #base: number;
  /** By value: rows, rows with a label, the labels' sum. */
  readonly #count: Float64Array;
  readonly #known: Float64Array;
  readonly #sum: Float64Array;

  constructor(rows: PopularityRows, { values, k }: PopularityRule, width: number) {
    this.#rows = rows;
    this.#k = k;
    this.#width = width;
    this.#count = new Float64Array(values);
    this.#known = new Float64Array(values);
    this.#sum = new Float64Array(values);
    let known = 0;
    let sum = 0;
    for (let row = 0; row < rows.value.length; row++) {
      const label = this.#label(row);
      known += Number(!Number.isNaN(label));
      sum += Number.isNaN(label) ? 0 : label;
    }
    this.#base = (sum + 0.5) / (known + 1);
  }

  add(row: number, sign: 1 | -1): void {
    const { value, real } = this.#rows;
    if (value[row] === 0 || real?.[row] === 0) {
      return;
    }
    this.#count[value[row]] += sign;
    const label = this.#label(row);
    if (!Number.isNaN(label)) {
      this.#known[value[row]] += sign;
      this.#sum[value[row]] += sign * label;
    }
  }

  put(value: number, into: Float32Array, at: number): void {
    into[at * this.#width] = Math.log1p(this.#count[value]);
    if (this.#width === 2) {
      const k = this.#k;
      const [sum, known, base] = [this.#sum[value], this.#known[value], this.#base];
      into[at * 2 + 1] = Math.log((sum + k * base) / (known - sum + k * (1 - base)));
    }
  }

  #label(row: number): number {
    const { label, real } = this.#rows;
    return label === null || real?.[row] === 0 ? Number.NaN : Math.min(1, Math.max(0, label[row]));
  }
}
