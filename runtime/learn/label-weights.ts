// The share of every row in each task's loss.
import { emptyRecord } from "../../contract/record.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import type { Batch } from "./dataset.ts";

/**
 * A row counts for a task where its label is there and, with `where: other`, where that label is one; with `through: other`
 * where that label is there and, unless that is zero, this one: what did not come to the other did not come to this. The loss
 * of a task is the mean over the rows that count, weighted by the samples' weights: shares are ≥ 0 and sum to 1, or are all 0
 * where no row of the batch counts.
 * @returns by label: [B]
 */
export function labelWeights(
  tasks: TrainSpec["tasks"],
  labels: Batch["labels"],
  weight: Float32Array,
): Record<string, Float32Array> {
  const result: Record<string, Float32Array> = emptyRecord();
  for (const { label, where, through } of tasks) {
    const values = labels[label];
    const gate = where === null ? null : labels[where];
    const before = through === undefined ? null : labels[through];
    const shares = new Float32Array(weight.length);
    let sum = 0;
    for (let i = 0; i < shares.length; i++) {
      const known = !Number.isNaN(values[i]) || before?.[i] === 0;
      const counts = known && (gate === null || gate[i] === 1) && !Number.isNaN(before?.[i] ?? 0);
      shares[i] = counts ? weight[i] : 0;
      sum += shares[i];
    }
    if (sum > 0) {
      for (let i = 0; i < shares.length; i++) {
        shares[i] /= sum;
      }
    }
    result[label] = shares;
  }
  return result;
}
