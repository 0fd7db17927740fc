// The page of a training run: one HTML file with its curves and figures, which needs nothing from elsewhere.

import type { MetricsLine } from "../../learn/index.ts";
import { chartLibrary } from "./chart-library.ts";
import { clientScript, pageStyle } from "./client.ts";
import { type Chart, charts } from "./curves.ts";
import { chartScripts, htmlPage, text } from "./html.ts";

/** What a page says of its run besides the curves. */
export interface RunAbout {
  readonly model: string;
  /** What was trained on what, as pairs of name and value: data, started, parameters, threads … */
  readonly facts: readonly (readonly [name: string, value: string | number])[];
}

/**
 * One HTML page, complete in itself: curves by uPlot, the evaluations as a table that is there without scripts.
 * @param lines of metrics.jsonl, ascending in step; none where training has just begun
 */
export function renderRunPage(lines: readonly MetricsLine[], about: RunAbout): string {
  const drawn = charts(lines);
  const { script, style } = chartLibrary();
  const title = `${about.model}: training`;
  return htmlPage({
    title,
    style: `${style}${pageStyle}`,
    body: `${factList(about, lines)}
${drawn.length === 0 ? "<p>No step was logged yet.</p>" : `<h2>Curves</h2>\n<div class="charts">\n${drawn.map(figure).join("\n")}\n</div>`}
<noscript><p>The curves need JavaScript; the table has their figures.</p></noscript>
${evaluations(lines)}`,
    scripts: chartScripts(drawn, script, clientScript),
  });
}

function factList({ facts }: RunAbout, lines: readonly MetricsLine[]): string {
  const last = lines.at(-1);
  const reached: [string, string][] =
    last === undefined
      ? []
      : [
          ["reached", `step ${number(last.step)}, epoch ${last.epoch.toFixed(2)}, ${number(last.samples)} samples`],
          ["time", duration(last.seconds)],
        ];
  const rows = [...facts, ...reached].map(([name, value]) => {
    const shown = typeof value === "number" ? number(value) : value;
    return `<dt>${text(name)}</dt><dd>${text(shown)}</dd>`;
  });
  return `<dl>\n${rows.join("\n")}\n</dl>`;
}

/** A chart's place, named by what it ends with for those who do not see it. */
function figure({ id, title, x, curves }: Chart): string {
  const ends = curves.flatMap(({ name, y }) => {
    const at = y.findLastIndex((value) => value !== null);
    const last = at < 0 ? null : y[at];
    return last === null ? [] : [`${name} ${last.toPrecision(4)} at step ${number(x[at])}`];
  });
  const label = `${title}, by step; last: ${ends.join(", ")}`;
  return `<figure id="${id}"><figcaption>${text(title)}</figcaption><div class="plot" role="img" aria-label="${text(label)}"></div></figure>`;
}

/** Every evaluation of the deciding task; where there are none, the last values of the log. */
function evaluations(lines: readonly MetricsLine[]): string {
  const evaluated = lines.filter((line) => line.validation !== undefined);
  const rows = evaluated.length > 0 ? evaluated : lines.slice(-1);
  if (rows.length === 0) {
    return "";
  }
  const measures = [...new Set(rows.flatMap((line) => Object.keys(line.validation ?? {})))].filter((name) =>
    rows.some((line) => typeof line.validation?.[name] === "number"),
  );
  const chosen = rows.findLast(({ kept }) => kept !== undefined);
  // Of drawn negatives AUC is no measure of a model: training stops by their logloss, too.
  const drawn = rows.some(({ validation }) => Number(validation?.drawn ?? 0) > 0);
  const merit = ({ validation }: MetricsLine): number =>
    drawn ? -Number(validation?.logloss ?? Number.NaN) : Number(validation?.auc ?? Number.NaN);
  const best =
    chosen ?? rows.reduce((found, line) => (merit(line) > merit(found) || Number.isNaN(merit(found)) ? line : found));
  const head = [
    "step",
    "epoch",
    "samples",
    "training loss",
    ...measures.map((name) => `validation ${name}`),
    "seconds",
  ];
  const body = rows.map((line) => {
    const cells = [
      number(line.step),
      line.epoch.toFixed(2),
      number(line.samples),
      line.loss === null ? "" : line.loss.toFixed(5),
      ...measures.map((name) => measure(line.validation?.[name])),
      line.seconds.toFixed(1),
    ];
    const kind =
      evaluated.length > 1 && line === best && (line === chosen || Number.isFinite(merit(line))) ? ' class="best"' : "";
    return `<tr${kind}>${cells.map((cell) => `<td>${text(cell)}</td>`).join("")}</tr>`;
  });
  const heading = evaluated.length > 0 ? "Evaluations" : "Last values";
  return `<h2>${heading}</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr>${head.map((name) => `<th scope="col">${text(name)}</th>`).join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>${body.some((row) => row.includes('class="best"')) ? `\n<p>Bold: ${chosen?.kept === undefined ? (drawn ? "the lowest logloss" : "the highest AUC") : `the best ${text(chosen.kept)}; the weights of this step are kept`}.</p>` : ""}`;
}

function measure(value: number | string | null | undefined): string {
  if (typeof value !== "number") {
    return value ?? "";
  }
  return Number.isInteger(value) ? number(value) : value.toFixed(5);
}

const number = (value: number): string => value.toLocaleString("en-GB", { maximumFractionDigits: 6 });

function duration(seconds: number): string {
  if (seconds < 90) {
    return `${seconds.toFixed(1)} s`;
  }
  return seconds < 5400 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(2)} h`;
}
