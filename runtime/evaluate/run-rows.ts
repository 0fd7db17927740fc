// The rows of a part as one run or one build scores them, by the graphs of its training.
import type { Manifest } from "../../contract/manifest.ts";
import { type Binding, rowsKey } from "../data/index.ts";
import type { Part } from "../learn/index.ts";
import type { Artefacts } from "../serve/index.ts";
import { readRunManifest } from "../train/index.ts";
import { type BatchOptions, type BatchScoring, batchRows, openBatchScoring, openRunScoring } from "./batch-rows.ts";
import { type EvaluateOptions, emptyRows, partOf, tasksOf } from "./evaluate.ts";
import { type Collected, collect, type Task } from "./rows.ts";

export type RunOptions = Pick<EvaluateOptions, "part" | "users" | "signal" | "onRows"> &
  Omit<BatchOptions, "samples" | "users">;

export interface RunRows {
  readonly rows: Collected;
  readonly tasks: readonly Task[];
  readonly part: Part | null;
  readonly notes: readonly string[];
}

/** @throws TwinError where the run has not come to its end, or the part has no labelled rows */
export const runRows = (dir: string, binding: Binding, options: RunOptions): Promise<RunRows> =>
  scoredRows(readRunManifest(dir), (batch) => openRunScoring(dir, binding, batch), binding, options);

/** The same of a build. @throws TwinError where the part has no labelled rows */
export const buildRows = (artefacts: Artefacts, binding: Binding, options: RunOptions): Promise<RunRows> =>
  scoredRows(artefacts.manifest, (batch) => openBatchScoring(artefacts, binding, batch), binding, options);

async function scoredRows(
  manifest: Manifest,
  open: (options: BatchOptions) => Promise<BatchScoring>,
  binding: Binding,
  { users, onRows, signal, ...options }: RunOptions,
): Promise<RunRows> {
  const { part, notes } = partOf(binding, options);
  const tasks = tasksOf({ manifest });
  const history = manifest.searches[0]?.history ?? manifest.histories[0]?.name ?? "";
  const wanted = { ...(users !== undefined && { users }), ...(signal && { signal }) };
  const scoring = await open({ ...options, ...(signal && { signal }) });
  try {
    const stream = batchRows(scoring, part ?? "training", history, { request: null }, wanted);
    const rows = await collect(stream, tasks, rowsKey(binding), onRows);
    if (rows.rows === 0 || !tasks.some(({ name }) => Object.hasOwn(rows.labels, name))) {
      throw emptyRows(part, binding);
    }
    return { rows, tasks, part, notes };
  } finally {
    await scoring.close();
  }
}
