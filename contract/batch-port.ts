// The inputs of the graph over a batch: what samples of another system are fed to.

import type { Source } from "./port-spec.ts";

export interface BatchPort {
  readonly name: string;
  /** What it holds, as the manifest's ports say it. */
  readonly source: Source;
  readonly dtype: "float32" | "int32";
  /** Sizes after the batch's; null: the length of a history. */
  readonly inner: readonly (number | null)[];
  /** What a history's padding holds. */
  readonly padding: number;
  /** Behaviours that a history is padded to at least; 0 for what is no history. */
  readonly minimum: number;
  /** The embedding table that its rows are of; null: it holds no rows. */
  readonly table: { readonly parameter: string; readonly rows: number } | null;
}

/** The history whose behaviours a port holds; null: it holds none. */
export const historyOf = (source: Source): string | null => ("history" in source ? source.history : null);
