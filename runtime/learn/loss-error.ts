// What to say when a loss is no finite number: at which step, for which samples, and what to do.
import { TwinError } from "../../contract/error.ts";
import type { Assembled } from "./assemble.ts";

const shown = 5;

/** @param losses of each row of the batch */
export function lossError(loss: number, step: number, batch: Assembled, losses: Float32Array): TwinError {
  const bad = [...losses.keys()].filter((i) => !Number.isFinite(losses[i]));
  const places = bad.slice(0, shown).map((i) => `${placeOf(batch, i)} (${losses[i]})`);
  const more = bad.length > shown ? ` and ${bad.length - shown} more` : "";
  const where =
    bad.length === 0
      ? "the loss of every sample is finite, but not their sum: the samples' weights are too large"
      : `${bad.length} of ${batch.rows} samples: ${places.join(", ")}${more}`;
  return new TwinError(
    `the loss of step ${step} is ${loss}; ${where}. Nothing of this step was kept, and the last checkpoint is sound. ` +
      "Look at these rows for values far out of range, or train with a lower `rate`, with `clip`, or with `warmup`",
  );
}

/** `row 17 of the event log`: what the user can look up. */
function placeOf(batch: Assembled, i: number): string {
  const user = `user number ${batch.user[i]}`;
  return batch.row[i] < 0 ? `a sampled negative of ${user}` : `row ${batch.row[i]} of the event log, ${user}`;
}
