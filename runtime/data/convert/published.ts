// What another project publishes of its data, in one shape: files by part, columns with their kinds, histories, labels.

import type { Look } from "./look.ts";

export type PartName = "train" | "validation" | "test";

/** Files and globs, absolute. */
export type PartFiles = { readonly train: string } & { readonly [P in PartName]?: string };

/** How many values there are of a category, and how they become rows. */
export type Size =
  | { readonly vocab: number }
  | { readonly buckets: number }
  | { readonly vocabulary: number }
  /** The data says. */
  | null;

export type PublishedKind =
  | { readonly kind: "category"; readonly size: Size }
  /** Edges, where they are given. */
  | { readonly kind: "number"; readonly at: readonly number[] | null }
  | { readonly kind: "tags"; readonly size: Size; readonly max: number | null }
  /** Length, where it is given. */
  | { readonly kind: "vector"; readonly length: number | null };

/** How a column's lists are written, where it is one: parted by `by` where they are texts, filled up with `padding`. */
export interface ListForm {
  readonly by: string | null;
  readonly padding: number | null;
}

export interface PublishedFeature {
  /** As the project calls it. */
  readonly name: string;
  /** Of whom; `cross`: of an event once it happened; `unknown`: the project does not say. */
  readonly group: "item" | "user" | "context" | "candidate" | "cross" | "unknown";
  readonly table: "rows" | "items" | "users";
  /** As the file's column is called, or `column3` where the file has no headings. */
  readonly column: string;
  readonly kind: PublishedKind;
  readonly list: ListForm;
  readonly dim: number | null;
  /** What data.yaml says in place of the column: an expression over several. */
  readonly sql: string | null;
}

export const noList: ListForm = { by: null, padding: null };

/** A list that runs parallel to a history's items. */
export interface ParallelList {
  /** What a cross feature of it is called. */
  readonly name: string;
  readonly column: string;
  /** The feature of the items that it says; null: a cross feature, of which `kind` says what it is. */
  readonly of: string | null;
  readonly kind: PublishedKind;
  readonly dim: number | null;
}

export interface PublishedHistory {
  /** As the project calls its list of items. */
  readonly name: string;
  readonly column: string;
  readonly list: ListForm;
  readonly times: string | null;
  /** Longest that the project cuts it to. */
  readonly max: number | null;
  readonly parallel: readonly ParallelList[];
}

export interface PublishedLabel {
  readonly name: string;
  /** A column's name, or SQL. */
  readonly sql: string;
  readonly task: "binary" | "regression";
}

/** Item, user and clock of an event log, or of samples that bring their histories. */
export interface Published {
  readonly project: "FuxiCTR" | "RecBole" | "EasyRec";
  /** Samples bring histories; events are what histories are made of. */
  readonly rows: "samples" | "events";
  readonly files: PartFiles;
  readonly user: string | null;
  readonly item: string;
  /** Of events: seconds and so on, or steps. Of samples: null where nothing in the histories has a time. */
  readonly clock: { readonly column: string; readonly unit: "s" | "ms" | "us" | "ns" | "steps" } | null;
  readonly items: { readonly file: string; readonly key: string } | null;
  readonly users: { readonly file: string; readonly key: string } | null;
  readonly features: readonly PublishedFeature[];
  readonly histories: readonly PublishedHistory[];
  /** Behaviours of the longest history of events; 0 for samples. */
  readonly longest: number;
  /** Which events are behaviours, in SQL; null: all. */
  readonly where: string | null;
  readonly labels: readonly PublishedLabel[];
  /** Every label is always 1: what a user did not choose has to be drawn. */
  readonly drawn: boolean;
  /** The column of the samples' weights. */
  readonly weight: string | null;
  /** As data.yaml writes it, where the files are not by part. */
  readonly split: string | null;
  /** Lines for the binding: what its columns are called in the project, and what to look at. */
  readonly remarks: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  /** A file that has to be written, because Twin reads what is published only so. */
  readonly writes: { readonly file: string; readonly select: string } | null;
}

/** Files of a layout, and what they say once they are open. */
export interface Layout {
  /** Files and globs that are read, absolute. */
  readonly reads: readonly string[];
  /** Between the fields of texts, where the project says it; else the files tell. */
  readonly separator?: string;
  describe(look: Look): Promise<Published>;
}

/** What a caller says of columns whose names do not tell. */
export interface SaidRoles {
  readonly user?: string | undefined;
  readonly item?: string | undefined;
}
