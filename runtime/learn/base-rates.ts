// Where the biases of labels start: at the base rates of the training part, so that the first steps need not learn these.
import { emptyRecord } from "../../contract/record.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import type { Batch, Dataset } from "./dataset.ts";

type Task = TrainSpec["tasks"][number];

/** What the loss of a label needs of samples. */
export type Labels = Pick<Batch, "labels" | "weight" | "offset">;

/** Samples that are read at once. */
const piece = 65_536;

/** By label the bias that fits the training part best where nothing else is known, as the loss weighs its rows. */
export function baseRates(dataset: Dataset, tasks: readonly Task[]): Record<string, number> {
  const sums = tasks.map((task) => new RateSum(task));
  const count = dataset.count("training");
  for (let from = 0; from < count; from += piece) {
    const samples = Uint32Array.from({ length: Math.min(piece, count - from) }, (_, i) => from + i);
    const rows = dataset.labels("training", samples);
    for (const sum of sums) {
      sum.add(rows);
    }
  }
  const starts: Record<string, number> = emptyRecord();
  for (const sum of sums) {
    starts[sum.task.label] = sum.start();
  }
  return starts;
}

/** A label's rows: known, of a weight above 0, and where `where` or `through` name another label, with that one at 1. */
export class RateSum {
  readonly task: Task;
  #rows = 0;
  #weight = 0;
  #label = 0;
  /** Weight of the rows by what is added to their log-odds. */
  readonly #offsets = new Map<number, number>();

  constructor(task: Task) {
    this.task = task;
  }

  add({ labels, weight, offset }: Labels): void {
    const { label, where, through } = this.task;
    const values = labels[label];
    const other = through ?? where;
    const gate = other === null ? null : labels[other];
    for (let i = 0; i < weight.length; i++) {
      if (weight[i] > 0 && !Number.isNaN(values[i]) && (gate === null || gate[i] === 1)) {
        this.#rows++;
        this.#weight += weight[i];
        this.#label += weight[i] * values[i];
        this.#offsets.set(offset[i], (this.#offsets.get(offset[i]) ?? 0) + weight[i]);
      }
    }
  }

  /**
   * Of a regression the weighted mean of the label. Else the b with Σ w σ(b + offset) / Σ w = p: logit p where nothing is
   * added. p = (n r + ½) / (n + 1) of n rows with the weighted rate r, so that it is never 0 or 1.
   */
  start(): number {
    const rate = this.#rows === 0 ? 0 : this.#label / this.#weight;
    if (this.task.kind === "regression") {
      return rate;
    }
    const p = (this.#rows * rate + 0.5) / (this.#rows + 1);
    const logit = Math.log(p / (1 - p));
    let low = logit;
    let high = logit;
    for (const offset of this.#offsets.keys()) {
      low = Math.min(low, logit - offset);
      high = Math.max(high, logit - offset);
    }
    for (let i = 0; i < 60 && low < high; i++) {
      const middle = (low + high) / 2;
      if (this.#expected(middle) < p) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  /** The mean probability with this bias alone. */
  #expected(bias: number): number {
    let sum = 0;
    for (const [offset, weight] of this.#offsets) {
      sum += weight / (1 + Math.exp(-bias - offset));
    }
    return sum / this.#weight;
  }
}
