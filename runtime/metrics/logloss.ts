// Logarithmic loss from logits, with the one bound that keeps a single sure mistake from being infinite.
import type { Column } from "./order.ts";

/** Probabilities are held within [1e-7, 1 − 1e-7], whoever made them: logits within ±this. */
export const bound = Math.log((1 - 1e-7) / 1e-7);

/** The logit of a probability, bounded. */
export function logitOf(probability: number): number {
  return Math.max(-bound, Math.min(bound, Math.log(probability) - Math.log1p(-probability)));
}

export function probabilityOf(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** −y·ln p − (1 − y)·ln(1 − p) of one row, as max(z, 0) − z·y + ln(1 + e^−|z|) with z bounded. */
export function lossOf(logit: number, label: number): number {
  const z = Math.max(-bound, Math.min(bound, logit));
  return Math.max(z, 0) - z * label + Math.log1p(Math.exp(-Math.abs(z)));
}

/** Mean of the rows' losses, weighted where there are weights; NaN without rows. */
export function logloss(logit: Column, label: Uint8Array, weight: Column | null = null): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < logit.length; i++) {
    const share = weight === null ? 1 : weight[i];
    sum += share * lossOf(logit[i], label[i]);
    total += share;
  }
  return sum / total;
}
