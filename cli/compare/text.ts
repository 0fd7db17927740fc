// A comparison's report as text and as CSV.
import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import { aligned } from "../../contract/width.ts";
import { type ComparisonReport, level, type Spread, type SystemRow } from "./report.ts";
import type { Screened, Screening } from "./screening.ts";
import type { Served } from "./served.ts";

export function comparisonText(report: ComparisonReport): string {
  const { systems, rows, users, label, data, pairs, screening } = report;
  const models = systems.filter(({ kind }) => kind === "model");
  const head = ["", "AUC", "GAUC", "logloss", ...efforts, "parameters", "tables", "multiply-adds", "ms", "samples/s"];
  const lines = systems.map((row) => [
    row.name,
    `${spread(row.auc)}${row.ahead.auc ? " *" : ""}`,
    `${spread(row.gauc)}${row.ahead.gauc ? " *" : ""}`,
    spread(row.logloss),
    ...effort(row, screening),
    ...costs(row),
  ]);
  return [
    `${data}, label ${label}, test part: ${number(rows)} rows of ${number(users)} users; mean ± standard deviation of the seeds`,
    "",
    ...table([head, ...lines]),
    "",
    `* ahead of every other row but the ensembles: p < ${level} in every pair, over draws of users and runs, by Holm's procedure over all pairs`,
    ...ensembleNote(systems),
    ...effortNote(models),
    ...screeningNote(screening),
    ...requestNote(models),
    ...hitText(models),
    ...priceText(models),
    "",
    "differences, first − second: middle 95 % of the draws, p by Holm",
    ...table(
      [
        ["", "", "AUC", "", "p", "GAUC", "", "p"],
        ...pairs.auc.map((auc, i) => {
          const gauc = pairs.gauc[i];
          return [
            systems[auc.first].name,
            systems[auc.second].name,
            ...[auc, gauc].flatMap(({ difference, low, high, adjusted }) => [
              signed(difference),
              `(${signed(low)} … ${signed(high)})`,
              adjusted.toFixed(3),
            ]),
          ];
        }),
      ],
      2,
    ),
    ...sideTables(report).flatMap(({ title, rows: lines }) => ["", title, ...table(lines)]),
    ...settingsText(models),
  ].join("\n");
}

/** What went into a row: trials, the users that these trained on, and runs that were judged. */
export const efforts = ["trials", "their users", "seeds"] as const;

export function effort({ name, kind, trials, seeds }: SystemRow, screening: Screening | null): string[] {
  const [first] = trials;
  const few = kind === "model" && screening?.systems.some((one) => one.name === name && one.taken === null);
  return [
    first === undefined ? "–" : `${trials.length}`,
    first === undefined
      ? "–"
      : first.users === null
        ? "all"
        : `${number(first.users.taken)} of ${number(first.users.of)}`,
    kind === "predictions" ? "–" : `${seeds}${few ? " †" : ""}`,
  ];
}

const effortNote = (models: readonly SystemRow[]): string[] =>
  models.some(({ trials: [first] }) => first !== undefined && first.users !== null)
    ? ["trials learn from some users alone, the same of all models; all runs that are judged learn from everybody"]
    : [];

export function screeningNote(screening: Screening | null): string[] {
  if (screening === null) {
    return [];
  }
  const { few, by, systems } = screening;
  const of = (why: Screened["taken"]) =>
    systems
      .filter(({ taken }) => taken === why)
      .map(({ name, validation }) => `${name} ${validation === null ? "–" : validation.toFixed(4)}`)
      .join(", ");
  const figure = by === "logloss" ? by : by.toUpperCase();
  const parts = [
    `the best by mean ${figure} of these on the validation part have all (${of("best")})`,
    ...(of("named") === "" ? [] : [`so have those named (${of("named")})`]),
    ...(of(null) === "" ? [] : [`† stayed with ${few} (${of(null)})`]),
  ];
  return [`seeds: every model has ${few}; ${parts.join("; ")}`];
}

function costs({ served, samplesPerSecond }: SystemRow): string[] {
  const speed = samplesPerSecond === null ? "" : number(Math.round(samplesPerSecond));
  return served === null
    ? ["", "", "", "", speed]
    : [
        number(served.parameters),
        served.tableBytes === 0 ? "–" : bytesText(served.tableBytes),
        number(served.multiplyAdds),
        served.milliseconds.toFixed(2),
        speed,
      ];
}

const ensembleNote = (systems: readonly SystemRow[]): string[] =>
  systems.some(({ kind }) => kind === "ensemble")
    ? [
        "the mean logit of several runs is an upper bound of what one run of a model can reach, not a system beside the others",
      ]
    : [];

function requestNote(models: readonly SystemRow[]): string[] {
  const served = models.find((row) => row.served !== null)?.served ?? null;
  return served === null
    ? []
    : [
        `ms: median of ${served.requests} requests of ${served.candidates} candidates, prepare and rank, from tables; multiply-adds: of such a request with histories as long as they may be`,
      ];
}

function hitText(models: readonly SystemRow[]): string[] {
  const lines = models.flatMap(({ name, served }) =>
    (served?.searches ?? []).map(({ name: search, keep, k, hits, wanted, long }) => [
      name,
      search,
      `${keep}`,
      `${k}`,
      rate(hits, wanted),
      `${number(long.lists)}`,
      rate(long.hits, long.wanted),
      rate(long.newest, long.wanted),
      rate(long.random, long.wanted),
      rate(long.mass, long.lists),
      rate(long.oracleMass, long.lists),
    ]),
  );
  if (lines.length === 0) {
    return [];
  }
  const head = [
    "",
    "search",
    "keep",
    "k",
    "hit rate",
    "long lists",
    "hit rate",
    "newest k",
    "random k",
    "attention kept",
    "oracle's",
  ];
  return [
    "",
    "hit rate: how much of what attention over the whole history would choose the search keeps, of k for all models: one with another `keep` is searched again with k; long lists have 2k behaviours at least",
    ...table([head, ...lines], 2),
    "attention kept: share of the attention over the whole history that lies on what the search kept, and on what its oracle keeps",
  ];
}

function priceText(models: readonly SystemRow[]): string[] {
  const lines = models.flatMap(({ name, price }) =>
    price === null ? [] : [[name, signed(price.auc), signed(price.gauc)]],
  );
  return lines.length === 0
    ? []
    : [
        "",
        "price of the search: what the same weights (of the first run) gain where the attention's own metric selects; 0 where it does",
        ...table([["", "AUC", "GAUC"], ...lines]),
      ];
}

const rate = (part: number, whole: number): string => (whole === 0 ? "–" : (part / whole).toFixed(4));

const alikeTitle = "AUC of the validation part as far as every model came, between evaluations in proportion";
const historyTitle = "AUC / GAUC by behaviours before the row";

export interface SideTable {
  readonly title: string;
  /** The first names the columns. */
  readonly rows: readonly (readonly string[])[];
}

/** Models after equally much training, and by length of history, as far as there is something to tell. */
export function sideTables({ alike, systems }: ComparisonReport): SideTable[] {
  const models = systems.filter(({ kind }) => kind === "model");
  const [first] = models;
  const shown = (value: number | null) => (value === null ? "–" : value.toFixed(4));
  const training =
    alike === null
      ? []
      : [
          ["", `at ${number(alike.samples)} samples`, `at ${alike.seconds.toFixed(1)} s of training`],
          ...models.map(({ name }, i) => [name, shown(alike.models[i].atSamples), shown(alike.models[i].atSeconds)]),
        ];
  const history =
    first === undefined || first.byHistory.length < 2
      ? []
      : [
          ["", ...first.byHistory.map(({ name, rows }) => `${name} (${number(rows)} rows)`)],
          ...models.map(({ name, byHistory }) => [
            name,
            ...byHistory.map(({ auc, gauc }) => `${figure(auc)} / ${figure(gauc)}`),
          ]),
        ];
  return [
    { title: alikeTitle, rows: training },
    { title: historyTitle, rows: history },
  ].filter(({ rows }) => rows.length > 0);
}

function settingsText(models: readonly SystemRow[]): string[] {
  const lines = models.flatMap(({ name, trials, chosen, differs }) => [
    ...(trials.length === 0
      ? []
      : [`${name}: of ${trials.length} trials ${chosen.length === 0 ? "the settings as written" : chosen.join(", ")}`]),
    ...(differs.length === 0 ? [] : [`${name}, besides its interest block: ${differs.join("; ")}`]),
  ]);
  return lines.length === 0 ? [] : ["", ...lines];
}

export const spread = ({ mean, deviation }: Spread): string =>
  !Number.isFinite(mean) ? "–" : deviation === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`;

const figure = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : "–");

export const signed = (value: number): string =>
  Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}` : "–";

export const number = (value: number): string => value.toLocaleString("en-GB");

/** The first columns to the left, the others to the right. */
const table = (rows: readonly (readonly string[])[], left = 1): string[] => {
  const count = Math.max(...rows.map((row) => row.length));
  const filled = rows.map((row) => Array.from({ length: count }, (_, i) => row[i] ?? ""));
  return aligned(filled, (column) => column >= left);
};

/** One line a system, numbers as they are. */
export function comparisonCsv({ systems }: ComparisonReport): string {
  const head = [
    "system",
    "kind",
    "trials",
    "trial_users",
    "seeds",
    "auc",
    "auc_deviation",
    "gauc",
    "gauc_deviation",
    "logloss",
    "logloss_deviation",
  ];
  const more = [
    "parameters",
    "table_bytes",
    "multiply_adds",
    "milliseconds",
    "samples_per_second",
    "price_auc",
    "price_gauc",
    "hit_rate",
    "hit_rate_k",
  ];
  const lines = systems.map(({ name, kind, trials, seeds, auc, gauc, logloss, served, samplesPerSecond, price }) => [
    quotedCell(name),
    kind,
    trials.length === 0 ? undefined : trials.length,
    trials[0]?.users?.taken,
    seeds,
    ...[auc, gauc, logloss].flatMap(({ mean, deviation }) => [mean, deviation]),
    served?.parameters,
    served?.tableBytes,
    served?.multiplyAdds,
    served?.milliseconds,
    samplesPerSecond,
    price?.auc,
    price?.gauc,
    ...firstHitRate(served),
  ]);
  return `${[[...head, ...more], ...lines].map((line) => line.map((cell) => cell ?? "").join(",")).join("\n")}\n`;
}

/** Of the first search, and its k. */
const firstHitRate = (served: Served | null): (number | undefined)[] => {
  const [first] = served?.searches ?? [];
  return first === undefined || first.wanted === 0 ? [undefined, undefined] : [first.hits / first.wanted, first.k];
};

/** By RFC 4180; a name that a spreadsheet would take for a formula is kept from it. */
const quotedCell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
