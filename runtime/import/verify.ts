// Holds the logits of imported weights against those of the system that they come from.
import type { GraphSession, Tensor } from "../session.ts";
import type { Samples } from "./samples.ts";

export interface Verified {
  readonly samples: number;
  readonly logits: number;
  readonly tolerance: number;
  /** Largest |Δ|, and where it is; NaN where a logit is no number. */
  readonly largest: number;
  readonly label: string;
  readonly sample: number;
  readonly expected: number;
  readonly actual: number;
  readonly passed: boolean;
}

/** Samples that are run at once. */
const together = 64;

/** @param session the model's graph over a batch, with the outputs `LABEL.logit` [samples] */
export async function verifyLogits(session: GraphSession, samples: Samples, tolerance: number): Promise<Verified> {
  let worst = { largest: -1, label: "", sample: 0, expected: 0, actual: 0 };
  let logits = 0;
  for (let from = 0; from < samples.count && !Number.isNaN(worst.largest); from += together) {
    const to = Math.min(samples.count, from + together);
    const feeds = Object.fromEntries([...samples.feeds].map(([name, tensor]) => [name, rows(tensor, from, to)]));
    const results = await session.run(feeds);
    for (const [label, wanted] of samples.logits) {
      const got = results[`${label}.logit`].data;
      for (let i = 0; i < to - from; i++) {
        logits++;
        const [expected, actual] = [wanted[from + i], got[i]];
        const gap = Math.abs(expected - actual);
        if (Number.isNaN(worst.largest) || !(gap > worst.largest || Number.isNaN(gap))) continue;
        worst = { largest: gap, label, sample: from + i, expected, actual };
      }
    }
  }
  return { samples: samples.count, logits, tolerance, ...worst, passed: worst.largest <= tolerance };
}

function rows({ dtype, shape, data }: Tensor, from: number, to: number): Tensor {
  const one = data.length / shape[0];
  return { dtype, shape: shape.with(0, to - from), data: data.subarray(from * one, to * one) };
}
