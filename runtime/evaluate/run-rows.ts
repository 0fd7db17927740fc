// The rows of a part as one run scores them, by the graphs of its training: no build is needed.
import { type Binding, rowsKey } from "../data/index.ts";
import type { Part } from "../learn/index.ts";
import { readRunManifest } from "../train/index.ts";
import { type BatchOptions, batchRows, openRunScoring } from "./batch-rows.ts";
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
export async function runRows(
  dir: string,
  binding: Binding,
  { users, onRows, signal, ...options }: RunOptions,
): Promise<RunRows> {
  const { part, notes } = partOf(binding, options);
  const manifest = readRunManifest(dir);
  const tasks = tasksOf({ manifest });
  const history = manifest.searches[0]?.history ?? manifest.histories[0]?.name ?? "";
  const wanted = { ...(users !== undefined && { users }), ...(signal && { signal }) };
  const scoring = await openRunScoring(dir, binding, { ...options, ...(signal && { signal }) });
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
