// Holds the logits of imported weights against those of the system that they come from.
import { recordOf } from "../../contract/record.ts";
import { type GraphSession, type Tensor, tensorOf } from "../session/session.ts";
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
  /** By history, in groups of the number of behaviours: the largest |Δ| of each. */
  readonly byLength: readonly LengthGroup[];
}

export interface LengthGroup {
  readonly history: string;
  readonly from: number;
  /** null: and more. */
  readonly to: number | null;
  readonly samples: number;
  readonly largest: number;
}

/** Samples that are run at once. */
const together = 64;

/**
 * @param session the model's graph over a batch, with the outputs `LABEL.logit` [samples]
 * @param bounds numbers of behaviours up to which the model does something of its own (windows, lists)
 */
export async function verifyLogits(
  session: GraphSession,
  samples: Samples,
  tolerance: number,
  bounds: readonly number[] = [],
): Promise<Verified> {
  const gaps = new Float64Array(samples.count);
  let worst = { largest: -1, label: "", sample: 0, expected: 0, actual: 0 };
  let logits = 0;
  for (let from = 0; from < samples.count; from += together) {
    const to = Math.min(samples.count, from + together);
    const feeds = recordOf([...samples.feeds].map(([name, tensor]) => [name, rows(tensor, from, to)]));
    const results = await session.run(feeds);
    for (const [label, wanted] of samples.logits) {
      const got = results[`${label}.logit`].data;
      for (let i = 0; i < to - from; i++) {
        logits++;
        const [expected, actual] = [wanted[from + i], got[i]];
        const gap = Math.abs(expected - actual);
        gaps[from + i] = Math.max(gaps[from + i], gap);
        if (Number.isNaN(worst.largest) || !(gap > worst.largest || Number.isNaN(gap))) {
          continue;
        }
        worst = { largest: gap, label, sample: from + i, expected, actual };
      }
    }
  }
  return {
    samples: samples.count,
    logits,
    tolerance,
    ...worst,
    passed: worst.largest <= tolerance,
    byLength: byLength(samples, gaps, bounds),
  };
}

function byLength({ ports, feeds, count }: Samples, gaps: Float64Array, bounds: readonly number[]): LengthGroup[] {
  const ends = [...new Set([0, ...bounds])].sort((a, b) => a - b);
  return ports.flatMap(({ name, source }) => {
    const valid = feeds.get(name);
    if (source.kind !== "valid" || valid === undefined) {
      return [];
    }
    const { history } = source;
    const { shape, data } = valid;
    const groups = [...ends, null].map((to, i) => ({
      from: i === 0 ? 0 : ends[i - 1] + 1,
      to,
      samples: 0,
      largest: 0,
    }));
    for (let row = 0; row < count; row++) {
      let length = 0;
      for (let i = 0; i < shape[1]; i++) {
        length += Number(data[row * shape[1] + i] > 0);
      }
      const group = groups[groups.findIndex(({ to }) => to === null || length <= to)];
      group.samples++;
      group.largest = Math.max(group.largest, gaps[row]);
    }
    return groups.filter(({ samples }) => samples > 0).map((group) => ({ history, ...group }));
  });
}

function rows({ shape, data }: Tensor, from: number, to: number): Tensor {
  const one = data.length / shape[0];
  return tensorOf(data.subarray(from * one, to * one), shape.with(0, to - from));
}
