// `twin evaluate`: rows in, figures out; the search against its oracle; and another system's scores beside ours.
import type { Binding } from "../data/binding.ts";
import { readHistories } from "../data/samples.ts";
import { TwinError } from "../error.ts";
import { asRequest } from "../score.ts";
import type { Part } from "../train/dataset.ts";
import type { LocalTwin } from "../twin.ts";
import { type BatchScoring, batchRows } from "./batch-rows.ts";
import type { RankedRequest } from "./compared-lists.ts";
import { type Comparison, compare } from "./comparison.ts";
import { eventFacts } from "./event-facts.ts";
import { hitRateReport, type TablesMeasured } from "./hit-rate-report.ts";
import { readPredictions } from "./predictions.ts";
import { type Figures, figuresOf } from "./report.ts";
import { requestRows } from "./request-rows.ts";
import { collect, type EvaluationRows, type Task } from "./rows.ts";

export interface EvaluateOptions {
  /** Default: test; all rows where the data is not split. */
  readonly part?: Part;
  /** Of NDCG@k and recall@k; default 1, 5, 10. */
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
  /** Of the bootstrap; default 1. */
  readonly seed?: number;
  /** Scores in batches, by the graphs of training; without it each row is ranked as a request, tables and all. */
  readonly scoring?: BatchScoring;
  readonly onRows?: (count: number) => void;
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
  readonly comparison: Comparison | null;
  readonly hitRate: { readonly requests: number; readonly tables: readonly TablesMeasured[] } | null;
  /** What to know when reading the figures. */
  readonly notes: readonly string[];
}

/** The labels of a model; where a task counts comes from its training. */
export function tasksOf({ manifest }: Pick<LocalTwin, "manifest">): Task[] {
  const where = new Map(manifest.train.tasks.map((task) => [task.label, task.where]));
  return manifest.labels.map(({ name, kind }) => ({ name, kind, where: where.get(name) ?? null }));
}

/** @throws TwinError where the part has no labelled rows, or a file lacks what is asked of it */
export async function evaluate(
  twin: LocalTwin,
  binding: Binding,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const { manifest } = twin;
  const { part, notes } = partOf(binding, options);
  const tasks = tasksOf(twin);
  const rows = await collect(
    stoppable(await streamOf(twin, binding, part, options), options.signal),
    tasks,
    options.onRows,
  );
  if (rows.rows === 0) throw new TwinError(`${binding.path}: ${emptyPart(part)}`);
  const absent = tasks.filter(({ name }) => !(name in rows.labels)).map(({ name }) => name);
  if (absent.length === tasks.length) throw new TwinError(`${binding.path}: ${emptyPart(part)}`);
  if (absent.length > 0) notes.push(`the data has no label ${absent.join(", ")}`);
  const edges = options.historyEdges ?? null;
  const labels = figuresOf(rows, tasks, { ks: options.ks ?? [1, 5, 10], historyEdges: edges });
  for (const figures of labels) {
    if (figures.kind === "binary" && (figures.positives === 0 || figures.positives === figures.rows)) {
      notes.push(`${figures.label} is ${figures.positives === 0 ? 0 : 1} in every row: there is no order to measure`);
    }
  }
  const sampled = rows.row.reduce((count, row) => count + Number(row < 0), 0);
  if (sampled > 0) notes.push(`${sampled} rows are sampled negatives: logloss and calibration are those of the sample`);
  const comparison =
    options.predictions === undefined
      ? null
      : compare(rows, tasks, await readPredictions(options.predictions, binding, tasks, rows), options.seed ?? 1);
  if (manifest.untrained) notes.push("the weights are start values: these figures say nothing of the model yet");
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
    comparison,
    hitRate: await hitRates(twin, binding, part, options),
    notes,
  };
}

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
  return requestRows(twin.engine, readHistories(binding, manifest, read), facts);
}

function partOf(binding: Binding, { part }: EvaluateOptions): { part: Part | null; notes: string[] } {
  if (binding.split !== null) return { part: part ?? "test", notes: [] };
  if (part !== undefined && part !== "training") {
    throw new TwinError(
      `${binding.path}: there is no ${part} part: the data is not split. Add \`split: {by: time, train: ..DATE, test: rest}\``,
    );
  }
  return { part: null, notes: ["the data is not split: these are all its rows, those trained on among them"] };
}

function emptyPart(part: Part | null): string {
  const name = part === null ? "the event log" : `the ${part} part`;
  return `${name} has no row with a label; look at \`split\` and at the labels under \`columns\``;
}

async function hitRates(
  twin: LocalTwin,
  binding: Binding,
  part: Part | null,
  { hitRequests = 0, historyEdges, table }: EvaluateOptions,
): Promise<EvaluationReport["hitRate"]> {
  if (hitRequests === 0) return null;
  const requests: RankedRequest[] = [];
  const read = { users: hitRequests, candidates: CANDIDATES, ...(part !== null && { part }) } as const;
  for await (const chunk of readHistories(binding, twin.manifest, read)) {
    // The newest of each user: the longest history.
    for (const sample of chunk.requests) {
      requests.push(asRequest(sample) as RankedRequest);
      break;
    }
  }
  const edges = historyEdges ?? null;
  return {
    requests: requests.length,
    tables: await hitRateReport(twin, requests, { edges, ...(table !== undefined && { table }) }),
  };
}

/** Candidates of one request that are searched for. */
const CANDIDATES = 8;

async function* stoppable<T>(stream: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  for await (const part of stream) {
    if (signal?.aborted) throw new TwinError("the evaluation was stopped; nothing was written");
    yield part;
  }
}
