// Widths that the checker, the parameters and the lowering must agree on: each is computed here and nowhere else.
import { metricOf } from "./by.ts";
import type { Attend, Feature, Group, History, Metric, Model, Table, TablePart, TowerInput } from "./model.ts";

/** Columns of what a name stands for, by what they are of; what is not known, or not meant by that name, is left out. */
export type Widths = { readonly [W in WidthName]?: number };
export type WidthName =
  /** what it brings where it is read: a feature, a group, all that is known of a behaviour */
  | "columns"
  /** a metric's query and keys before they are projected, one head, and a projected key */
  | "query"
  | "head"
  | "keys"
  /** an attend's values per head and its result */
  | "values"
  | "out"
  /** what a tower reads */
  | "input"
  /** a table's row */
  | "row";

export const widthOf = (features: readonly Feature[]): number =>
  features.reduce((sum, feature) => sum + feature.width, 0);

/** The features of a group that bring columns: all but those of kind `key`. */
export const columnsOf = (group: Group): readonly Feature[] => group.features.filter((feature) => feature.width > 0);

/** H: the width of a metric's query and keys. */
export const keyWidth = (metric: Metric): number => widthOf(metric.keys);

/** Width of a metric's query: the item's columns, and those of what else is known of the request. */
export const queryWidth = ({ query, asked }: Metric): number => widthOf(query) + widthOf(asked);

/** Columns of a projected key: heads times dim. */
export const projectedWidth = (metric: Metric): number => metric.heads * metric.dim;

/**
 * K = [K_h, K_c] of an attend's values (TWIN, section 4.3): everything inherent in the past item, whatever its metric looks at,
 * and every cross feature of its history.
 */
export function valueFeatures(
  { item }: Pick<Model, "item">,
  { over }: Pick<Attend, "over">,
): { readonly inherent: readonly Feature[]; readonly cross: readonly Feature[] } {
  return { inherent: columnsOf(item), cross: columnsOf(over.history.cross) };
}

/** Width of `[K_h, K_c]` over a history: what attends without projections give out. */
export const pooledWidth = (item: Group, history: History): number =>
  widthOf(item.features) + widthOf(history.cross.features);

/** Columns that say how strongly an attend was met: two a head and one for all; 0 where it does not give them out. */
export const strengthWidth = ({ by, strength }: Pick<Attend, "by" | "strength">): number =>
  strength ? 2 * (metricOf(by)?.heads ?? 0) + 1 : 0;

/** Columns that an attend brings to a tower: its result, and what it gives out beside: its product with the query, its strength. */
export const resultWidth = (attend: Pick<Attend, "out" | "product" | "by" | "strength">): number =>
  (attend.product ? 2 : 1) * attend.out + strengthWidth(attend);

/** Columns that one input brings to a tower. */
export function inputWidth(input: TowerInput): number {
  switch (input.kind) {
    case "attend":
      return resultWidth(input.attend);
    case "group":
      return widthOf(input.group.features);
    case "feature":
      return input.feature.width;
  }
}

export const towerWidth = (inputs: readonly TowerInput[]): number =>
  inputs.reduce((sum, input) => sum + inputWidth(input), 0);

/** Whether the attend owns `W^v` and `W^o`: target attention with plain values. */
export const ownsValues = (attend: Pick<Attend, "by" | "value">): boolean =>
  metricOf(attend.by) !== null && attend.value === "plain";

/** Bytes of one stored row; uint8 rows end with a float32 scale and offset for each head of each part. */
export function rowBytes({ precision, width, of }: Table): number {
  if (precision === "float32") {
    return 4 * width;
  }
  if (precision === "float16") {
    return 2 * width;
  }
  return width + 8 * of.reduce((heads, part) => heads + headsOf(part), 0);
}

/** Heads of a part of a row; codes, and values without a metric, have one. */
export function headsOf(part: TablePart): number {
  return partMetric(part)?.heads ?? 1;
}

/** The metric that a part of a row belongs to; null: it is none's. */
export function partMetric(part: TablePart): Metric | null {
  switch (part.kind) {
    case "keys":
      return part.metric;
    case "values":
      return metricOf(part.attend.by);
    case "codes":
      return null;
  }
}
