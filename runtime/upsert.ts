// Items put in and taken out, from the library: what reads files is loaded when it is first asked for.
import type { UpsertReport } from "./build-table/index.ts";

export interface UpsertRequest {
  /** File or glob (Parquet, CSV, JSON Lines) of new and changed items, whole. */
  readonly items?: string;
  /** File or glob with a column of keys of items to take out. */
  readonly remove?: string;
  /** data.yaml, where it says how columns are read; default: they are called as the model's features. */
  readonly data?: string;
  /** Told what does not keep the upsert from being done. */
  readonly warn?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Puts items into the tables of a build folder, and takes items out: what serves it sees that within a second.
 * @throws TwinError for whatever is wrong with artefacts or items, naming file and row; nothing is changed then
 */
export async function upsert(dir: string, request: UpsertRequest): Promise<UpsertReport> {
  const { items = null, remove = null, data, warn, signal } = request;
  const [{ upsertItems }, { readBinding }] = await Promise.all([
    import("./build-table/index.ts"),
    import("./data/index.ts"),
  ]);
  const binding = data === undefined ? null : readBinding(data);
  return upsertItems({ dir, items, remove, binding, ...(warn && { warn }), ...(signal && { signal }) });
}
