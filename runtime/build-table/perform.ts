// One job of the table build, whoever does it: a thread, or a build too small for threads.
import { TwinError } from "../error.ts";
import type { EncodedColumn, Projected, Projection, ProjectionPlan } from "./projection.ts";
import type { StorePlan, StoreReader } from "./store-reader.ts";

export interface WorkerPlan {
  readonly projection: ProjectionPlan;
  /** Null where columns are sent. */
  readonly store: StorePlan | null;
  /** Shared memory for the rows of one job each. */
  readonly slots: readonly SharedArrayBuffer[];
}

export interface Job {
  readonly id: number;
  /** Ordinal of the first item, and number of items. */
  readonly first: number;
  readonly items: number;
  /** Which memory the rows go to. */
  readonly slot: number;
  /** Null: read from the store. */
  readonly columns: ReadonlyMap<string, EncodedColumn> | null;
}

export type Answer =
  | { readonly id: number; readonly projected: Projected; readonly read: number }
  | { readonly id: number; readonly error: string; readonly known: boolean };

/** Runs one job: shared by the thread and by builds too small for one. */
export async function perform(
  projection: Projection,
  store: StoreReader | null,
  slots: readonly SharedArrayBuffer[],
  job: Job,
): Promise<Answer> {
  try {
    const begun = performance.now();
    const columns = job.columns ?? store!.read(job.first, job.items);
    const read = job.columns ? 0 : (performance.now() - begun) / 1000;
    return {
      id: job.id,
      projected: await projection.run(columns, job.first, job.items, new Uint8Array(slots[job.slot])),
      read,
    };
  } catch (error) {
    const known = error instanceof TwinError;
    return {
      id: job.id,
      error: error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error),
      known,
    };
  }
}
