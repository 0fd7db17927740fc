// The inputs of the graph over a batch: what samples of another system are fed to.

export interface BatchPort {
  readonly name: string;
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
