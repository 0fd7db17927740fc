// A comparison's report as one HTML page, complete in itself: the tables are there without scripts, the charts are by uPlot.
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { chartLibrary, chartScripts, clientScript, htmlPage, htmlText, pageStyle } from "../../runtime/train/index.ts";
import { type ComparisonReport, level, type SystemRow } from "./report.ts";
import { effort, efforts, number, screeningNote, sideTables, signed, spread } from "./text.ts";

/** Curves or points over one axis. */
interface Chart {
  readonly id: string;
  readonly title: string;
  readonly x: readonly number[];
  /** Names of the places of x; null: they are numbers. */
  readonly places: readonly string[] | null;
  readonly axis: string;
  readonly logarithmic: boolean;
  /** `colour`: number of the model, which has one colour in all charts. */
  readonly curves: readonly {
    readonly name: string;
    readonly colour: number;
    readonly y: readonly (number | null)[];
  }[];
}

export function renderComparison(report: ComparisonReport): string {
  const { data, label, rows, users, systems, screening } = report;
  const drawn = charts(systems.filter(({ kind }) => kind === "model"));
  const { script, style } = chartLibrary();
  const title = `${label} on ${data}: ${systems.filter(({ kind }) => kind === "model").length} models compared`;
  return htmlPage({
    title,
    style: `${style}${pageStyle}${ownStyle}`,
    body: `<p>Test part: ${number(rows)} rows of ${number(users)} users. Mean ± standard deviation of the seeds. Bold: ahead of every other row but the ensembles, p &lt; ${level} in every pair, over draws of users and runs, by Holm's procedure over all pairs.</p>
${systemTable(report)}
${screeningNote(screening)
  .map((line) => `<p>${htmlText(line)}</p>`)
  .join("\n")}
${sideTables(report)
  .map(({ title: name, rows: [head, ...lines] }) => `<h2>${htmlText(name)}</h2>\n${tableOf(head, lines.map(lineOf))}`)
  .join("\n")}
<h2>Charts</h2>
<div class="charts">
${drawn.map(figure).join("\n")}
</div>
<noscript><p>The charts need JavaScript; the tables have their figures.</p></noscript>
<h2>Differences</h2>
<p>First − second; in brackets the middle 95 % of the draws.</p>
${pairTable(report)}
<h2>Settings</h2>
${settings(systems)}`,
    scripts: chartScripts(
      drawn.map((chart) => ({ ...chart, ...look })),
      script,
      clientScript,
    ),
  });
}

/** How these charts differ from a run's. */
const look = { digits: 4, height: 280, filled: true } as const;

/** The first table has more columns than a page is wide: it is set closer, and what heads a column may take two lines. */
const ownStyle = `
body { max-width: 84rem; } .systems table { font-size: 13px; } .systems th, .systems td { padding: .2rem .35rem; }
.systems th { white-space: normal; vertical-align: bottom; }
@media (max-width: 40rem) { .scroll td:first-child, .scroll td.name { white-space: normal; max-width: 8rem; overflow-wrap: break-word; } }
p { max-width: 60rem; } .scroll th:first-child, .scroll td:first-child, .scroll td.name, .scroll th.name { text-align: left; }
.scroll td:first-child, .scroll th:first-child { position: sticky; left: 0; background: var(--paper); }
/* Cells that stay in place keep their borders only where these are not shared. */
.scroll table { border-collapse: separate; border-spacing: 0; }
td.ahead { font-weight: 700; } tr.beside td { color: var(--quiet); } .u-legend { font-size: 13px; }
dd { margin-bottom: .3rem; }
`;

function systemTable({ systems, screening }: ComparisonReport): string {
  const head = [
    "",
    "AUC",
    "GAUC",
    "logloss",
    "hit rate at k",
    "price of the search, AUC / GAUC",
    "ms a request",
    "samples a second",
    ...efforts,
    "parameters",
    "tables",
    "multiply-adds",
  ];
  const body = systems.map((row) => {
    const { name, kind, auc, gauc, logloss, ahead, served, samplesPerSecond } = row;
    const cells: (readonly [string, boolean?])[] = [
      [name],
      [spread(auc), ahead.auc],
      [spread(gauc), ahead.gauc],
      [spread(logloss)],
      [hitText(row)],
      [row.price === null ? "" : `${signed(row.price.auc)} / ${signed(row.price.gauc)}`],
      [served === null ? "" : served.milliseconds.toFixed(2)],
      [samplesPerSecond === null ? "" : number(Math.round(samplesPerSecond))],
      ...effort(row, screening).map((text) => [text] as const),
      [served === null ? "" : number(served.parameters)],
      [served === null ? "" : served.tableBytes === 0 ? "–" : bytesText(served.tableBytes)],
      [served === null ? "" : number(served.multiplyAdds)],
    ];
    const shown = cells.map(([text, bold]) => `<td${bold ? ' class="ahead"' : ""}>${htmlText(text)}</td>`).join("");
    return `<tr${kind === "model" ? "" : ' class="beside"'}>${shown}</tr>`;
  });
  return `<div class="systems">${tableOf(head, body)}</div>`;
}

const lineOf = (cells: readonly string[]): string =>
  `<tr>${cells.map((text) => `<td>${htmlText(text)}</td>`).join("")}</tr>`;

const hitText = ({ served }: SystemRow): string =>
  (served?.searches ?? [])
    .map(({ hits, wanted, k }) => (wanted === 0 ? "–" : `${(hits / wanted).toFixed(4)} at ${k}`))
    .join(", ");

function pairTable({ systems, pairs }: ComparisonReport): string {
  const body = pairs.auc.map((auc, i) => {
    const both = [auc, pairs.gauc[i]].flatMap(({ difference, low, high, adjusted }) => [
      `${signed(difference)} (${signed(low)} … ${signed(high)})`,
      adjusted.toFixed(3),
    ]);
    const names = [auc.first, auc.second].map((at) => `<td class="name">${htmlText(systems[at].name)}</td>`);
    return `<tr>${names.join("")}${both.map((text) => `<td>${htmlText(text)}</td>`).join("")}</tr>`;
  });
  return tableOf(["first", "second", "AUC", "p", "GAUC", "p"], body, 2);
}

function tableOf(head: readonly string[], body: readonly string[], names = 1): string {
  const cells = head.map((name, i) => `<th scope="col"${i < names ? ' class="name"' : ""}>${htmlText(name)}</th>`);
  return `<div class="scroll" tabindex="0"><table>
<thead><tr>${cells.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>`;
}

function settings(systems: readonly SystemRow[]): string {
  const lines = systems
    .filter(({ kind }) => kind === "model")
    .map(({ name, trials, chosen, differs }) => {
      const taken = chosen.length === 0 ? "the settings as written" : chosen.join(", ");
      const tried = trials.length === 0 ? "not tried: the settings as written" : `of ${trials.length} trials ${taken}`;
      const apart = differs.length === 0 ? "" : `; besides its interest block: ${differs.join("; ")}`;
      return `<dt>${htmlText(name)}</dt><dd>${htmlText(`${tried}${apart}`)}</dd>`;
    });
  return `<dl>\n${lines.join("\n")}\n</dl>`;
}

function figure({ id, title, x, places, curves }: Chart): string {
  const ends = curves.flatMap(({ name, y }) => {
    const at = y.findLastIndex((value) => value !== null);
    const value = at < 0 ? null : y[at];
    return value === null ? [] : [`${name} ${value.toPrecision(4)} at ${places?.[at] ?? number(x[at])}`];
  });
  const label = `${title}: ${ends.join(", ")}`;
  return `<figure id="${id}"><figcaption>${htmlText(title)}</figcaption><div class="plot" role="img" aria-label="${htmlText(label)}"></div></figure>`;
}

function charts(models: readonly SystemRow[]): Chart[] {
  return [...overHistory(models), ...overTraining(models), ...overCost(models), ...overK(models)];
}

function overHistory(models: readonly SystemRow[]): Chart[] {
  const ranges = models[0]?.byHistory ?? [];
  if (ranges.length < 2) {
    return [];
  }
  return (["auc", "gauc"] as const).map((of) => ({
    id: `history-${of}`,
    title: `${of.toUpperCase()} by behaviours before the row`,
    x: ranges.map((_, i) => i),
    places: ranges.map(({ name }) => name),
    axis: "behaviours",
    logarithmic: false,
    curves: models.map(({ name, byHistory }, colour) => ({
      name,
      colour,
      y: byHistory.map((part) => (Number.isFinite(part[of]) ? part[of] : null)),
    })),
  }));
}

/** Validation AUC of each model's first run. */
function overTraining(models: readonly SystemRow[]): Chart[] {
  if (models.every(({ curve }) => curve.length < 2)) {
    return [];
  }
  return (["samples", "seconds"] as const).map((of) => {
    const x = [...new Set(models.flatMap(({ curve }) => curve.map((point) => point[of])))].sort((a, b) => a - b);
    return {
      id: `training-${of}`,
      title: `Validation AUC over ${of === "samples" ? "samples" : "seconds of training"}, first run`,
      x,
      places: null,
      axis: of,
      logarithmic: false,
      curves: models.map(({ name, curve }, colour) => ({
        name,
        colour,
        y: x.map((at) => curve.find((point) => point[of] === at)?.auc ?? null),
      })),
    };
  });
}

/** A point a model. */
function overCost(models: readonly SystemRow[]): Chart[] {
  const known = models.flatMap(({ name, auc, served }, colour) =>
    served === null ? [] : [{ name, colour, auc: auc.mean, ms: served.milliseconds }],
  );
  if (known.length < 2) {
    return [];
  }
  const ordered = [...known].sort((a, b) => a.ms - b.ms);
  return [
    {
      id: "cost",
      title: "AUC over milliseconds a request",
      x: ordered.map(({ ms }) => ms),
      places: null,
      axis: "ms",
      logarithmic: ordered[ordered.length - 1].ms > 10 * ordered[0].ms,
      curves: known.map(({ name, colour }) => ({
        name,
        colour,
        y: ordered.map((one) => (one.name === name ? one.auc : null)),
      })),
    },
  ];
}

function overK(models: readonly SystemRow[]): Chart[] {
  const searched = models.flatMap(({ name, served }, colour) =>
    (served?.searches ?? []).slice(0, 1).map(({ byK }) => ({ name, colour, byK })),
  );
  const ks = [...new Set(searched.flatMap(({ byK }) => byK.map(({ k }) => k)))].sort((a, b) => a - b);
  if (searched.length === 0 || ks.length < 2) {
    return [];
  }
  return [
    {
      id: "hits",
      title: "Hit rate over k",
      x: ks.map((_, i) => i),
      places: ks.map(String),
      axis: "k",
      logarithmic: false,
      curves: searched.map(({ name, colour, byK }) => ({
        name,
        colour,
        y: ks.map((k) => {
          const found = byK.find((one) => one.k === k);
          return found === undefined || found.wanted === 0 ? null : found.hits / found.wanted;
        }),
      })),
    },
  ];
}
