// The share of every pair of samples in the loss of a task that compares a user's positives with negatives.
import { TwinError } from "../../contract/error.ts";
import { emptyRecord } from "../../contract/record.ts";
import { mostInPairs, type TrainSpec } from "../../contract/training-spec.ts";
import type { Batch } from "./dataset.ts";

/**
 * A pair is a positive and a negative of one user, of which both count. Its share is the product of their weights; shares
 * sum to 1, or are all 0 where the batch has no pair.
 * @param weights of each row in each task's loss, 0 where it does not count
 * @returns of each label that asks for it: [B, B], positives by negatives
 * @throws TwinError for a batch that is too large
 */
export function pairShares(
  tasks: TrainSpec["tasks"],
  { labels, weight, user }: Pick<Batch, "labels" | "weight" | "user">,
  weights: Readonly<Record<string, Float32Array>>,
): Record<string, Float32Array> {
  const result: Record<string, Float32Array> = emptyRecord();
  const asked = tasks.filter(({ pairs = 0 }) => pairs > 0);
  const rows = weight.length;
  if (asked.length > 0 && rows > mostInPairs) {
    throw new TwinError(
      `a batch of ${rows} samples is too large for \`pairs\`, which compares each with each: take at most ${mostInPairs} (\`batch\`)`,
    );
  }
  for (const { label } of asked) {
    const shares = new Float32Array(rows * rows);
    let sum = 0;
    const byUser = usersOf(user, weights[label]);
    for (const own of byUser.values()) {
      const negatives = own.filter((row) => labels[label][row] !== 1);
      for (const positive of own.filter((row) => labels[label][row] === 1)) {
        for (const negative of negatives) {
          const share = weight[positive] * weight[negative];
          shares[positive * rows + negative] = share;
          sum += share;
        }
      }
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

/** Rows that count, by their user. */
function usersOf(user: Uint32Array, weights: Float32Array): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let row = 0; row < user.length; row++) {
    if (weights[row] > 0) {
      const own = found.get(user[row]);
      if (own === undefined) {
        found.set(user[row], [row]);
      } else {
        own.push(row);
      }
    }
  }
  return found;
}
