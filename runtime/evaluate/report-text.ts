// An evaluation as text: small tables for a terminal.

import type { LongLists } from "../hit-rate/index.ts";
import type { Difference } from "../metrics/delong.ts";
import { aligned, count, fixed } from "./aligned.ts";
import type { BinaryComparison, Comparison, RegressionComparison } from "./comparison.ts";
import type { EvaluationReport } from "./evaluate.ts";
import type { TablesMeasured } from "./hit-rate-report.ts";
import { importanceText } from "./importance-text.ts";
import { percent } from "./percent.ts";
import { ranksText } from "./ranks-text.ts";
import type { BinaryFigures, Figures, RegressionFigures } from "./report.ts";
import { scoreText } from "./score-figures.ts";

export function evaluationText(report: EvaluationReport): string {
  const { model, step, data, part, scoredBy, rows, users, labels, ranks, comparison, hitRate, notes } = report;
  const of = step === null ? model : `${model}, step ${count(step)}`;
  const sections = [
    `${of}, on ${part === "all" ? "all rows" : `the ${part} part`} of ${data}: ${count(rows)} rows of ${count(users)} users`,
    scoredBy === "model"
      ? "scored by the model itself: fresh keys for every behaviour"
      : "scored as requests are: with the tables as they are built",
    ...notes.map((note) => `note: ${note}`),
  ];
  if (ranks !== null) {
    sections.push("", ...ranksText(ranks));
  }
  for (const figures of labels) {
    sections.push("", ...figuresText(figures));
  }
  if (report.score !== undefined) {
    sections.push("", ...scoreText(report.score));
  }
  if (comparison !== null) {
    sections.push("", ...comparisonText(comparison));
  }
  if (report.importance !== undefined) {
    sections.push("", ...importanceText(report.importance));
  }
  if (hitRate !== null) {
    sections.push("", `search against oracle, on ${count(hitRate.requests)} requests`);
    for (const tables of hitRate.tables) {
      sections.push(...tablesText(tables));
    }
  }
  return `${sections.join("\n")}\n`;
}

/** The figures of a label, as tables. */
export const figuresText = (figures: Figures): string[] =>
  figures.kind === "binary" ? binary(figures) : regression(figures);

function binary(figures: BinaryFigures): string[] {
  const { label, calibration, requests, weighted } = figures;
  const row = (name: string, one: Omit<BinaryFigures["segments"][number], "by" | "name">): string[] => [
    name,
    count(one.rows),
    count(one.positives),
    fixed(one.auc),
    fixed(one.gauc),
    fixed(one.logloss),
    fixed(one.ratio, 3),
  ];
  const lines = aligned([
    [label, "rows", "positives", "AUC", "GAUC", "logloss", "predicted/observed"],
    row("all", { ...figures, ratio: calibration.ratio }),
    ...figures.segments.map((segment) => row(`${segment.by} ${segment.name}`, segment)),
  ]);
  if (figures.drawn > 0) {
    lines.unshift(
      `${label} among the drawn negatives (${count(figures.drawn)} of ${count(figures.rows)} rows), by logits with the offset of the draws: how well the`,
      "sample is told apart, which depends on how it was drawn; how good a model finds items, the ranks above say",
    );
  }
  const skipped = `GAUC: ${count(figures.users)} users, ${count(figures.skippedUsers)} of one class left out`;
  lines.push(`${skipped}; logloss of the base rate ${fixed(figures.baseRateLogloss)}; ECE ${fixed(calibration.ece)}`);
  if (figures.calibrated !== undefined) {
    const { by, logloss, ratio, ece } = figures.calibrated;
    lines.push(
      `before its calibration (${by}): logloss ${fixed(logloss)}, predicted/observed ${fixed(ratio, 3)}, ECE ${fixed(ece)}`,
    );
  }
  if (figures.missing > 0) {
    lines.push(notCounted(figures));
  }
  if (weighted !== null) {
    lines.push(
      `by the data's weights: AUC ${fixed(weighted.auc)}, logloss ${fixed(weighted.logloss)}, predicted/observed ${fixed(weighted.ratio, 3)}`,
    );
  }
  lines.push(
    ...aligned([
      ["decile", ...calibration.bins.map((_, i) => String(i + 1))],
      ["predicted", ...calibration.bins.map(({ predicted }) => fixed(predicted, 3))],
      ["observed", ...calibration.bins.map(({ observed }) => fixed(observed, 3))],
    ]),
  );
  if (requests !== null) {
    lines.push(
      ...aligned([
        ["k", ...requests.top.map(({ k }) => String(k))],
        ["NDCG@k", ...requests.top.map(({ ndcg }) => fixed(ndcg))],
        ["recall@k", ...requests.top.map(({ recall }) => fixed(recall))],
      ]),
      `over ${count(requests.requests)} requests; ${count(requests.single)} of one candidate and ${count(requests.without)} without a positive left out`,
    );
  }
  return lines;
}

function regression({ label, rows, missing, errors, segments }: RegressionFigures): string[] {
  const row = (name: string, size: number, one: RegressionFigures["errors"]): string[] => [
    name,
    count(size),
    fixed(one.rmse),
    fixed(one.mae),
    fixed(one.predicted),
    fixed(one.observed),
  ];
  const lines = aligned([
    [label, "rows", "RMSE", "MAE", "mean predicted", "mean observed"],
    row("all", rows, errors),
    ...segments.map((segment) => row(`${segment.by} ${segment.name}`, segment.rows, segment.errors)),
  ]);
  return missing > 0 ? [...lines, notCounted({ label, missing })] : lines;
}

function comparisonText({ file, labels, unused, sampled, drawn, draws }: Comparison): string[] {
  const row = (
    label: string,
    metric: string,
    { ours, theirs, difference, low, high }: Difference,
    p = "",
  ): string[] => [label, metric, fixed(ours), fixed(theirs), signed(difference), `${signed(low)} … ${signed(high)}`, p];
  const rows = labels.flatMap((one) => (one.kind === "binary" ? binaryRows(one) : regressionRows(one)));
  function binaryRows({ label, auc, aucByUser, gauc, logloss }: BinaryComparison): string[][] {
    return [
      row(label, "AUC, rows as units", auc, auc.p < 1e-4 ? "< 0.0001" : fixed(auc.p)),
      row(label, "AUC, users as units", aucByUser, aucByUser.p < 1e-4 ? "< 0.0001" : fixed(aucByUser.p)),
      row(label, "GAUC", gauc),
      row(label, "logloss", logloss),
    ];
  }
  function regressionRows({ label, mse }: RegressionComparison): string[][] {
    return [row(label, "mean squared error", mse)];
  }
  const lines = [
    `against ${file}, on the same rows`,
    ...aligned([["label", "metric", "ours", "theirs", "difference", "95 % interval", "p"], ...rows], 2),
    `AUC: DeLong, and the same with users as units; GAUC and logloss: ${count(draws)} samples of users`,
  ];
  if (unused > 0) {
    lines.push(`${count(unused)} rows of the file were not evaluated`);
  }
  if (drawn > 0) {
    lines.push(
      `${count(drawn)} drawn negatives are compared with the others; the offset of the draws is added to both, but for scores named \`LABEL.sampled\``,
    );
  }
  if (sampled > 0) {
    lines.push(
      `${count(sampled)} drawn negatives are not compared, as the file has no column \`sample\`: \`--rows FILE\` writes them all, to be scored`,
    );
  }
  return lines;
}

function tablesText({ tables, state, stepsOlder, curves, notMeasured }: TablesMeasured): string[] {
  const age = stepsOlder === null || stepsOlder === 0 ? "" : `, ${count(stepsOlder)} steps older`;
  const title = `${tables}${state === null ? "" : ` (${state}${age})`}:`;
  if (curves === null) {
    return [`${title} not measured: ${notMeasured}`];
  }
  if (curves.length === 0) {
    return [`${title} the model has no search by a metric`];
  }
  return [
    title,
    ...curves.flatMap(({ search, keep, lists, wanted, hits, different, tied, looked, found, byK, byHistory, long }) => [
      `  ${search}: ${count(hits)} of ${count(wanted)} behaviours at k = ${keep} (${percent(hits, wanted)}), ${count(lists)} lists` +
        (different === 0 ? "" : `, ${count(different)} differ, ${count(tied)} of them by near-ties alone`) +
        (looked === 0 ? "" : `; coverage ${percent(found, looked)}`),
      `    by k: ${byK.map((one) => `${one.k} ${percent(one.hits, one.wanted)}`).join(" · ")}`,
      `    by behaviours: ${byHistory.map((one) => `${one.name} ${percent(one.hits, one.wanted)}`).join(" · ")}`,
      ...longText(long),
    ]),
  ];
}

/** The search beside the newest k and k by chance, where there is something to find. */
function longText({ lists, wanted, hits, newest, random, mass, oracleMass }: LongLists): string[] {
  return lists === 0
    ? []
    : [
        `    of ${count(lists)} lists with 2k behaviours or more: ${percent(hits, wanted)}, the newest k ${percent(newest, wanted)}, k by chance ${percent(random, wanted)}; on what was kept lies ${percent(mass, lists)} of the attention, on the oracle's ${percent(oracleMass, lists)}`,
      ];
}

const notCounted = ({ label, missing }: { label: string; missing: number }): string =>
  `${count(missing)} rows do not count: they have no ${label}, or its condition does not hold`;

const signed = (value: number): string =>
  Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(5)}` : "–";
