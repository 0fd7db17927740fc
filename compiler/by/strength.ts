// How strongly an attention was met: log-sum-exp and greatest of its scores, a head each, which its softmax takes away.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { maskedScore } from "../lower/mask.ts";

/** Greatest score, and Σ exp(score − greatest). */
export interface Peaks {
  readonly top: Value;
  readonly sum: Value;
}

/** Both [A, R, 1], of masked scores [A, R, M]. Where some behaviour counts, masked ones add nothing. */
export function peaksOf(b: Builder, scores: Value): Peaks {
  const top = b.max(scores, [-1], true);
  return { top, sum: b.sum(b.exp(b.sub(scores, top)), [-1], true) };
}

/**
 * ln Σ exp(score) of each head, the greatest score of each, and 1 where no behaviour counts under any: [R, 2A + 1]. Of a head
 * under which none counts both are 0.
 * @param peaks [A, R, 1] each
 */
export function strengthOf(b: Builder, { top, sum }: Peaks): Value {
  // Masked once or twice, a score is at or below −1e30; no other comes near.
  const some = b.cast(b.greater(top, b.scalar(maskedScore / 10)), "float32");
  const none = b.sub(b.scalar(1), b.max(some, [0], true));
  const columns = [b.mul(some, b.add(top, b.log(sum))), b.mul(some, top), none];
  return b.squeeze(b.transpose(b.concat(columns, 0), [1, 0, 2]), 2);
}
