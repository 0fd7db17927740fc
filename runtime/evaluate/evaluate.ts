// `twin evaluate`: rows in, figures out; the search against its oracle; and another system's scores beside ours.

import { TwinError } from "../../contract/error.ts";
import { type Binding, readHistories, rowsKey } from "../data/index.ts";
import type { RankedRequest } from "../hit-rate/index.ts";
import type { OnProgress } from "../host/progress.ts";
import { conditionOf, type Part } from "../learn/index.ts";
import type { LocalTwin } from "../serve/index.ts";
import { type BatchScoring, batchRows } from "./batch-rows.ts";
import { calibrationsOf, type TaskCalibration } from "./calibrations.ts";
import { type Comparison, compare } from "./comparison.ts";
import { eventFacts } from "./event-facts.ts";
import { type HitRateOptions, hitRateReport, type TablesMeasured } from "./hit-rate-report.ts";
import { type Importance, type ImportanceOptions, importanceOf } from "./importance.ts";
import { readPredictions } from "./predictions.ts";
import { type Ranks, ranksOf } from "./ranks.ts";
import { type Figures, figuresOf } from "./report.ts";
import { requestRows } from "./request-rows.ts";
import { writeRows } from "./row-file.ts";
import { type Collected, collect, type EvaluationRows, type Task } from "./rows.ts";
import { asRequest } from "./score.ts";
import { type ScoreFigures, scoreFigures } from "./score-figures.ts";

export interface EvaluateOptions {
  /** Default: test; all rows where the data is not split. */
  readonly part?: Part;
  /** Of NDCG@k and recall@k, among candidates and among all items; default 1, 5, 10. */
  readonly ks?: readonly number[];
  /** Ascending ends of the ranges of history length; default: terciles. */
  readonly historyEdges?: readonly number[];
  /** At most so many users: the first by a hash of their key of those with rows to evaluate, however they are scored. */
  readonly users?: number;
  /** A file with another system's scores of the same rows. */
  readonly predictions?: string;
  /** The event log's column that names the request. */
  readonly request?: string;
  /** Requests on which the search is held against its oracle; default 0, none. */
  readonly hitRequests?: number;
  /** A build of an earlier checkpoint, whose tables are held against these weights. */
  readonly table?: string;
  /** At most so many positives are ranked; default: as many as take about a minute. Where nothing is drawn, ranks are told if this is given. */
  readonly positives?: number;
  /** Ranks positives among so many items, drawn evenly, instead of all; likewise. */
  readonly candidates?: number;
  /** What the model loses where values are shuffled; default: not asked. */
  readonly importance?: Pick<ImportanceOptions, "rows" | "repeats">;
  /** A file that the evaluated rows and their scores are written to, drawn negatives among them. */
  readonly rowFile?: string;
  /** Of the bootstrap, of the choice of positives and of drawn candidates; default 1. */
  readonly seed?: number;
  /** Scores in batches, by the graphs of training; without it each row is ranked as a request, tables and all. */
  readonly scoring?: BatchScoring;
  readonly onRows?: (count: number) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface EvaluationReport {
  readonly model: string;
  readonly untrained: boolean;
  readonly step: number | null;
  readonly data: string;
  /** `all` where the data is not split. */
  readonly part: Part | "all";
  /** `model`: fresh keys for every behaviour; `serving`: as requests are ranked, by the tables as they are built. */
  readonly scoredBy: "model" | "serving";
  readonly rows: number;
  readonly users: number;
  readonly labels: readonly Figures[];
  /** Of the order by the model's score; absent where it has none, or negatives are drawn. */
  readonly score?: ScoreFigures;
  /** Of positives among all items; null where they were not asked for and no negatives are drawn. */
  readonly ranks: Ranks | null;
  readonly comparison: Comparison | null;
  /** Absent where it was not asked for. */
  readonly importance?: Importance;
  readonly hitRate: { readonly requests: number; readonly tables: readonly TablesMeasured[] } | null;
  /** What to know when reading the figures. */
  readonly notes: readonly string[];
}

/**
 * The labels of a model; where a task counts comes from its training.
 * @param calibrations by label; none: of an ensemble, whose mean nothing was fitted to
 */
export function tasksOf(
  { manifest }: Pick<LocalTwin, "manifest">,
  calibrations: ReadonlyMap<string, TaskCalibration> = new Map(),
): Task[] {
  const where = new Map(manifest.train.tasks.map((task) => [task.label, conditionOf(task)]));
  return manifest.labels.map(({ name, kind }) => ({
    name,
    kind,
    where: where.get(name) ?? null,
    calibration: calibrations.get(name) ?? null,
  }));
}

/** @throws TwinError where the part has no labelled rows, or a file lacks what is asked of it */
export async function evaluate(
  twin: LocalTwin,
  binding: Binding,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const { manifest } = twin;
  const { part, notes } = partOf(binding, options);
  const tasks = tasksOf(twin, await calibrationsOf(twin.engine.artefacts));
  const rows = await collect(
    stoppable(await streamOf(twin, binding, part, options), options.signal),
    tasks,
    rowsKey(binding),
    options.onRows,
  );
  if (rows.rows === 0) {
    throw emptyRows(part, binding);
  }
  const absent = tasks.filter(({ name }) => !Object.hasOwn(rows.labels, name)).map(({ name }) => name);
  if (absent.length === tasks.length) {
    throw emptyRows(part, binding);
  }
  if (absent.length > 0) {
    notes.push(`the data has no label ${absent.join(", ")}`);
  }
  const edges = options.historyEdges ?? null;
  const labels = figuresOf(rows, tasks, { ks: options.ks ?? defaultKs, historyEdges: edges });
  for (const figures of labels) {
    if (figures.kind === "binary" && (figures.positives === 0 || figures.positives === figures.rows)) {
      notes.push(`${figures.label} is ${figures.positives === 0 ? 0 : 1} in every row: there is no order to measure`);
    }
  }
  const drawn = rows.row.reduce((count, row) => count + Number(row < 0), 0);
  if (drawn > 0) {
    notes.push(`${drawn} rows are drawn negatives: every figure of them is of logits with the offset of the draws`);
  }
  if (binding.negatives !== null && options.scoring === undefined) {
    notes.push(
      "negatives are drawn, and ranks among all items taken, where the model itself is scored: leave out --serving",
    );
  }
  const byScore = scoreFigures(rows, tasks, manifest, options.ks ?? defaultKs);
  const { predictions, rowFile, seed = 1 } = options;
  const comparison =
    predictions === undefined
      ? null
      : compare(rows, tasks, await readPredictions(predictions, binding, manifest, tasks, rows), seed);
  const importance = await importanceAsked(twin, part, rows, tasks, options);
  const ranks = await ranksAmongItems(twin, binding, part, rows, tasks, options);
  if (rowFile !== undefined && options.scoring !== undefined) {
    const users = options.scoring.dataset.userOf(part ?? "training");
    await writeRows(rows, tasks, binding, manifest, users, rowFile);
  }
  if (binding.events?.user === null) {
    notes.push(
      "the samples name no user: each row counts as one of its own, so GAUC has none, and rows are what bootstraps draw",
    );
  }
  if (manifest.untrained) {
    notes.push("the weights are start values: these figures say nothing of the model yet");
  }
  return {
    model: manifest.model,
    untrained: manifest.untrained,
    step: manifest.step,
    data: binding.path,
    part: part ?? "all",
    scoredBy: options.scoring === undefined ? "serving" : "model",
    rows: rows.rows,
    users: rows.users,
    labels,
    ...(byScore !== null && { score: byScore }),
    ranks,
    comparison,
    ...(importance !== null && { importance }),
    hitRate: await hitRates(twin, binding, part, options),
    notes,
  };
}

async function importanceAsked(
  { manifest }: LocalTwin,
  part: Part | null,
  rows: Collected,
  tasks: readonly Task[],
  { scoring, importance, seed = 1, onProgress, signal }: EvaluateOptions,
): Promise<Importance | null> {
  if (importance === undefined || scoring === undefined) {
    return null;
  }
  const settings = { ...importance, seed, ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return importanceOf(scoring, part ?? "training", rows, tasks, manifest, settings);
}

/** Where negatives are drawn, or ranks asked for. */
async function ranksAmongItems(
  twin: LocalTwin,
  binding: Binding,
  part: Part | null,
  rows: Collected,
  tasks: readonly Task[],
  { scoring, positives, candidates, ks, seed = 1, onProgress, signal }: EvaluateOptions,
): Promise<Ranks | null> {
  if (scoring === undefined) {
    return null;
  }
  if (scoring.dataset.spec.negatives === null && positives === undefined && candidates === undefined) {
    return null;
  }
  if (!tasks.some(({ name, kind }) => kind === "binary" && Object.hasOwn(rows.labels, name))) {
    throw new TwinError(
      `${binding.path}: ranks are those of what a binary label says was taken, and the data has none: leave out --positives and --candidates`,
    );
  }
  return ranksOf(twin, scoring, binding, part ?? "training", rows, tasks, {
    ks: ks ?? defaultKs,
    seed,
    ...(positives !== undefined && { positives }),
    ...(candidates !== undefined && { candidates }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}

export const defaultKs: readonly number[] = [1, 5, 10];

/** The rows of the part, scored one way or the other. */
async function streamOf(
  twin: LocalTwin,
  binding: Binding,
  part: Part | null,
  { scoring, users, request, signal }: EvaluateOptions,
): Promise<AsyncIterable<EvaluationRows>> {
  const { manifest } = twin;
  const some = users === undefined ? {} : { users };
  if (scoring !== undefined) {
    const facts = request === undefined ? { request: null } : await eventFacts(binding, part ?? "training", request);
    const history = manifest.searches[0]?.history ?? manifest.histories[0]?.name ?? "";
    return batchRows(scoring, part ?? "training", history, facts, { ...some, ...(signal && { signal }) });
  }
  const read = { samples: "labelled", ...(part !== null && { part }), ...some } as const;
  const facts = await eventFacts(binding, part ?? "training", request ?? null);
  return requestRows(twin.engine, readHistories(binding, manifest, read), facts, binding);
}

/** Which rows are evaluated: those of a part; null: all, as there are no parts. */
export function partOf(
  binding: Binding,
  { part }: Pick<EvaluateOptions, "part">,
): { part: Part | null; notes: string[] } {
  if (binding.split !== null) {
    return { part: part ?? "test", notes: [] };
  }
  if (part !== undefined && part !== "training") {
    throw new TwinError(
      `${binding.path}: there is no ${part} part: the data is not split. Add \`split: {by: time, train: ..DATE, test: rest}\``,
    );
  }
  return { part: null, notes: ["the data is not split: these are all its rows, those trained on among them"] };
}

/** What is said where nothing can be evaluated. */
export const emptyRows = (part: Part | null, binding: Binding): TwinError =>
  new TwinError(`${binding.path}: ${emptyPart(part, binding)}`);

function emptyPart(part: Part | null, binding: Binding): string {
  const whole = binding.lists === null ? "the event log has" : "the samples have";
  return `${part === null ? whole : `the ${part} part has`} no row with a label; look at \`split\` and at the labels under \`columns\``;
}

/** Each user's newest request of the part, searched beside the oracle; null: of none. */
export async function hitRates(
  twin: LocalTwin,
  binding: Binding,
  part: Part | null,
  options: Pick<EvaluateOptions, "hitRequests" | "historyEdges" | "table"> & Pick<HitRateOptions, "builtAlone">,
): Promise<EvaluationReport["hitRate"]> {
  const { hitRequests = 0, historyEdges, table, builtAlone } = options;
  if (hitRequests === 0) {
    return null;
  }
  const requests: RankedRequest[] = [];
  const read = { users: hitRequests, candidates: readCandidates, ...(part !== null && { part }) } as const;
  for await (const chunk of readHistories(binding, twin.manifest, read)) {
    // The newest of each user: the longest history.
    for (const sample of chunk.requests) {
      requests.push(asRequest(sample));
      break;
    }
  }
  const edges = historyEdges ?? null;
  return {
    requests: requests.length,
    tables: await hitRateReport(twin, requests, {
      edges,
      ...(table !== undefined && { table }),
      ...(builtAlone && { builtAlone }),
    }),
  };
}

/** Candidates of one request that are searched for. */
const readCandidates = 8;

async function* stoppable<T>(stream: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  for await (const part of stream) {
    if (signal?.aborted) {
      throw new TwinError("the evaluation was stopped; nothing was written");
    }
    yield part;
  }
}
