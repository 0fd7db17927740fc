// One job of the table build, whoever does it: a thread, or a build too small for threads.

import { emptyRecord } from "../../contract/record.ts";
import type { EncodedColumn, Projected, Projection } from "../projection/index.ts";
import type { ProjectorFiles } from "./open-projection.ts";
import type { StorePlan, StoreReader } from "./store-reader.ts";

export interface WorkerPlan {
  readonly projector: ProjectorFiles;
  /** Null where columns are sent. */
  readonly store: StorePlan | null;
  /** Shared memory for the rows of one job each. */
  readonly slots: readonly SharedArrayBuffer[];
}

export interface Job {
  /** Ordinal of the first item, and number of items. */
  readonly first: number;
  readonly items: number;
  /** Which memory the rows go to. */
  readonly slot: number;
  /** Null: read from the store. */
  readonly columns: ReadonlyMap<string, EncodedColumn> | null;
}

export interface Answer {
  readonly projected: Projected;
  /** Seconds of reading encoded items. */
  readonly read: number;
}

/** Runs one job: shared by the thread and by builds too small for one. */
export async function perform(
  projection: Projection,
  store: StoreReader | null,
  slots: readonly SharedArrayBuffer[],
  job: Job,
): Promise<Answer> {
  const into = new Uint8Array(slots[job.slot]);
  if (job.columns) {
    return { projected: await projection.run(job.columns, job.first, job.items, into), read: 0 };
  }
  if (store === null) {
    throw new Error("a job without columns is read from the store, and none is open");
  }
  let mark = performance.now();
  store.load(job.first, job.items);
  let read = performance.now() - mark;
  const end = job.first + job.items;
  const parts: Projected[] = [];
  // In parts that stay in the processor's cache.
  for (let first = job.first; first < end; first += part) {
    const items = Math.min(part, end - first);
    mark = performance.now();
    const columns = store.columns(first, items);
    read += performance.now() - mark;
    parts.push(await projection.run(columns, first, items, into, job));
  }
  return { projected: together(parts), read: read / 1000 };
}

/** Items of a stored job that are projected at once. */
const part = 4096;

function together(parts: readonly Projected[]): Projected {
  const bytes: Record<string, number> = emptyRecord();
  const loss: Record<string, number> = emptyRecord();
  for (const one of parts) {
    for (const [name, count] of Object.entries(one.bytes)) {
      bytes[name] = (bytes[name] ?? 0) + count;
    }
    for (const [name, most] of Object.entries(one.loss)) {
      loss[name] = Math.max(loss[name] ?? 0, most);
    }
  }
  const sum = (of: "project" | "encode"): number => parts.reduce((total, one) => total + one[of], 0);
  return { bytes, loss, project: sum("project"), encode: sum("encode") };
}
