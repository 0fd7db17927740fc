// Calibration: whether a predicted probability of 10 % comes true one time in ten.
import { probabilityOf } from "./logloss.ts";
import { ascending, type Column } from "./order.ts";

export interface Bin {
  readonly rows: number;
  /** Mean predicted probability, and share of positives. */
  readonly predicted: number;
  readonly observed: number;
  /** predicted / observed; Infinity where no row is positive. */
  readonly ratio: number;
}

export interface Calibration {
  /** Σ predicted / Σ positives: above 1 the model promises too much. */
  readonly ratio: number;
  /** Expected calibration error: Σ share of the bin · |predicted − observed|. */
  readonly ece: number;
  /** Bins by predicted probability, ascending; those that ties left empty are missing. */
  readonly bins: readonly Bin[];
}

/**
 * Rows by predicted probability in `count` bins of equal size. Rows of one score stay together, in the bin in which their
 * middle lies: so the order of the rows never matters. Weights weigh rows within their bin; `rows` counts them.
 */
export function calibration(
  logit: Column,
  label: Uint8Array,
  weight: Column | null = null,
  count = 10,
  order = ascending(logit),
): Calibration {
  const rows = order.length;
  const sums = Array.from({ length: count }, () => ({ rows: 0, weight: 0, predicted: 0, observed: 0 }));
  for (let from = 0; from < rows; ) {
    let to = from + 1;
    while (to < rows && logit[order[to]] === logit[order[from]]) {
      to++;
    }
    const bin = sums[Math.floor((count * (from + to - 1)) / (2 * rows))];
    const probability = probabilityOf(logit[order[from]]);
    for (let i = from; i < to; i++) {
      const share = weight === null ? 1 : weight[order[i]];
      bin.rows++;
      bin.weight += share;
      bin.predicted += share * probability;
      bin.observed += share * label[order[i]];
    }
    from = to;
  }
  const sum = (key: "weight" | "predicted" | "observed") => sums.reduce((total, bin) => total + bin[key], 0);
  const used = sums.filter((bin) => bin.weight > 0);
  const gap = used.reduce((total, bin) => total + Math.abs(bin.predicted - bin.observed), 0);
  return {
    ratio: sum("predicted") / sum("observed"),
    ece: gap / sum("weight"),
    bins: used.map((bin) => ({
      rows: bin.rows,
      predicted: bin.predicted / bin.weight,
      observed: bin.observed / bin.weight,
      ratio: bin.predicted / bin.observed,
    })),
  };
}

/** Σ predicted / Σ positives, weighted where there are weights. */
export function promised(logit: Column, label: Uint8Array, weight: Column | null = null): number {
  let [predicted, observed] = [0, 0];
  for (let i = 0; i < logit.length; i++) {
    const share = weight === null ? 1 : weight[i];
    predicted += share * probabilityOf(logit[i]);
    observed += share * label[i];
  }
  return predicted / observed;
}
