// Errors of a regression task.
import type { Column } from "./order.ts";

export interface RegressionErrors {
  /** √ mean (value − label)² */
  readonly rmse: number;
  /** mean |value − label| */
  readonly mae: number;
  /** mean value and mean label */
  readonly predicted: number;
  readonly observed: number;
}

/** Means are weighted where there are weights; NaN without rows. */
export function regressionErrors(value: Column, label: Column, weight: Column | null = null): RegressionErrors {
  let [squares, sizes, predicted, observed, total] = [0, 0, 0, 0, 0];
  for (let i = 0; i < value.length; i++) {
    const share = weight === null ? 1 : weight[i];
    const error = value[i] - label[i];
    squares += share * error * error;
    sizes += share * Math.abs(error);
    predicted += share * value[i];
    observed += share * label[i];
    total += share;
  }
  return {
    rmse: Math.sqrt(squares / total),
    mae: sizes / total,
    predicted: predicted / total,
    observed: observed / total,
  };
}
