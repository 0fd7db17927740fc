// What an import has to know of a model: its parameters, and what stands behind their names. The command line fills it in.

export interface TargetParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: "embedding" | "dense" | "statistic" | "counted" | "fitted";
  /** Its name before a rename. */
  readonly formerly: string | null;
}

export interface TargetFeature {
  /** `item.video_id` */
  readonly qualified: string;
  /** `video_id` */
  readonly name: string;
  readonly group: "item" | "user" | "context" | "candidate" | "cross" | "stats";
  /** The parameter with its rows; null: it has none. */
  readonly table: string | null;
  /** How a raw value becomes a row: `id`, `vocabulary`, `bucketed`, … */
  readonly encoder: string;
  /** The feature whose learned vocabulary it is looked up in; null: it needs none. */
  readonly vocabulary: string | null;
  /** Columns in its group's concatenation. */
  readonly width: number;
}

export interface TargetAttend {
  readonly name: string;
  readonly over: "search" | "last" | "history";
  /** The metric it scores by; null: it scores otherwise. */
  readonly metric: string | null;
  /** Item features that its values, and its metric's keys, are made of: qualified names, in order. */
  readonly values: readonly string[];
  readonly keys: readonly string[];
}

export interface TargetTower {
  readonly name: string;
  /** Qualified features and names of attends, in the order of the columns, each with its width. */
  readonly inputs: readonly { readonly name: string; readonly width: number }[];
  readonly hidden: number;
  readonly labels: readonly string[];
  /** Cross layers or experts: what a plain stack has no counterpart of. */
  readonly plain: boolean;
}

export interface ImportTarget {
  readonly model: string;
  readonly parameters: readonly TargetParameter[];
  readonly features: readonly TargetFeature[];
  readonly attends: readonly TargetAttend[];
  readonly towers: readonly TargetTower[];
}
