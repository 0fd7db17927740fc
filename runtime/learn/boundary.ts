// Whether a model begins to learn its rows by heart: what the validation part loses where an epoch begins.
import type { MetricsLine } from "./metrics-line.ts";
import type { TaskMetrics } from "./validate.ts";

/** The last evaluation, as the log has it. */
export type Before = Pick<MetricsLine, "step" | "validation">;

/** What rises less is noise of a step. */
const least = 1.001;

const keeping = "or keep the best weights (`stop: stop(2, on: logloss)`)";

/**
 * Click models with large tables get worse at once when their samples come a second time (Zhang et al., CIKM 2022, the
 * one-epoch phenomenon).
 * @param before null: this is the first evaluation
 * @param kept whether the best weights are kept, whatever comes after them
 * @returns what the user should know; null: the logarithmic loss has not risen, or no epoch began since then
 */
export function boundaryWarning(
  before: Before | null,
  step: number,
  tasks: readonly TaskMetrics[],
  perEpoch: number,
  kept = false,
): string | null {
  const was = before?.validation;
  const now = tasks.find(({ label }) => label === was?.label);
  if (before === null || typeof was?.logloss !== "number" || now === undefined) {
    return null;
  }
  // A step at an epoch's end still belongs to it.
  const epochs = [before.step, step].map((one) => Math.ceil(one / perEpoch));
  if (epochs[0] === 0 || epochs[1] <= epochs[0] || !(now.logloss > least * was.logloss)) {
    return null;
  }
  return (
    `the logloss of ${now.label} on the validation part rose from ${was.logloss.toFixed(4)} (step ${before.step}) to ${now.logloss.toFixed(4)} (step ${step}) as epoch ${epochs[1]} began: ` +
    `rows of large tables are being learned by heart. Train one epoch (\`epochs: 1\`), let them begin anew with each (\`renew: embeddings\`), ${kept ? "or pull them towards 0 (`l2`); the best weights are kept by `stop`" : `pull them towards 0 (\`l2\`), ${keeping}`}`
  );
}
