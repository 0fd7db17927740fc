// An ensemble's evaluation as text: its members beside the mean of their logits, then the figures of the mean.
import { aligned, count, fixed } from "./aligned.ts";
import type { EnsembleReport } from "./ensemble.ts";
import type { Figures } from "./report.ts";
import { figuresText } from "./report-text.ts";

export function ensembleText({ model, data, part, rows, users, members, labels, notes }: EnsembleReport): string {
  const on = part === "all" ? "all rows" : `the ${part} part`;
  return `${[
    `${model}, an ensemble of ${members.length}, on ${on} of ${data}: ${count(rows)} rows of ${count(users)} users`,
    "scored by the models themselves: fresh keys for every behaviour",
    ...notes.map((note) => `note: ${note}`),
    ...labels.flatMap((mean, l) => [
      "",
      ...aligned([
        [mean.label, "seed", ...(mean.kind === "binary" ? ["AUC", "GAUC", "logloss"] : ["RMSE", "MAE"])],
        ...members.map((one) => [`member ${one.folder}`, String(one.seed), ...cells(one.labels[l])]),
        [mean.kind === "binary" ? "mean logit" : "mean value", "", ...cells(mean)],
      ]),
    ]),
    "",
    "the mean of the members",
    ...labels.flatMap((one, l) => [...(l === 0 ? [] : [""]), ...figuresText(one)]),
  ].join("\n")}\n`;
}

const cells = (one: Figures): string[] =>
  one.kind === "binary"
    ? [fixed(one.auc), fixed(one.gauc), fixed(one.logloss)]
    : [fixed(one.errors.rmse), fixed(one.errors.mae)];
