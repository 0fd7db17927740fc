// Which column files a prepared data set has: one place that writer and reader share.

import { recordOf } from "../../../contract/record.ts";
import type { ColumnSpec } from "./column-file.ts";
import type { DatasetSpec, EncodedSpec } from "./dataset-file.ts";

export type Part = "training" | "validation" | "test";

type Shape = Pick<DatasetSpec, "labels" | "single" | "weight" | "negatives"> & {
  readonly histories: readonly Pick<DatasetSpec["histories"][number], "name" | "same" | "listed" | "cross">[];
};

/** Columns of an item, by feature; [items, …]. */
export const itemColumn = ({ name, type, width }: EncodedSpec): ColumnSpec => ({
  file: `items/${name}.bin`,
  type,
  width,
});

/** How often each item is a candidate of the training part: [items]. */
export const occurrencesColumn: ColumnSpec = { file: "items/occurrences.bin", type: "uint32", width: 1 };

/** Columns of the behaviours of a history, sorted by user, newest first; [behaviours]. */
export function behaviourColumns({
  name,
  same,
  listed,
  cross,
}: Shape["histories"][number]): Record<string, ColumnSpec> {
  const columns: Record<string, ColumnSpec> = {
    item: { file: `history/${name}/item.bin`, type: "int32", width: 1 },
  };
  // Positions say it otherwise.
  if (listed !== "steps") {
    columns.time = { file: `history/${name}/time.bin`, type: "float64", width: 1 };
  }
  // Numbers of the values that exclude, within a user; −1: none.
  if (same) {
    columns.same = { file: `history/${name}/same.bin`, type: "int32", width: 1 };
  }
  for (const { name: feature, type, width, edges, known } of cross) {
    if (edges === null) {
      columns[`cross.${feature}`] = { file: `history/${name}/${feature}.bin`, type, width };
    }
    // When the value became known; NaN: never.
    if (known) {
      columns[`known.${feature}`] = { file: `history/${name}/${feature}.known.bin`, type: "float64", width: 1 };
    }
  }
  return columns;
}

/** Of gaps by a feature of the item: how many places further the next older behaviour with an equal value stands; [behaviours]. */
export function gapColumns({ name, cross }: Pick<Shape["histories"][number], "name" | "cross">) {
  return recordOf(
    cross.flatMap(({ name: feature, gap }): [string, ColumnSpec][] =>
      gap?.on == null ? [] : [[`gap.${feature}`, { file: `history/${name}/${feature}.bin`, type: "int32", width: 1 }]],
    ),
  );
}

/** What was counted of a feature's values by the end of the training part: [values, width]. */
export const countedColumn = ({
  feature,
  width,
}: {
  readonly feature: string;
  readonly width: number;
}): ColumnSpec => ({
  file: `counted/${feature}.bin`,
  type: "float32",
  width,
});

/** Where each user's behaviours end: [users]; where each sample has its own it says so itself. */
export const endColumn = (history: string): ColumnSpec => ({
  file: `history/${history}/end.bin`,
  type: "uint32",
  width: 1,
});

/** Columns of a part's samples, sorted by user, newest first; [samples]. */
export function sampleColumnFiles(part: Part, shape: Shape): Record<string, ColumnSpec> {
  const one = (file: string, type: ColumnSpec["type"]): ColumnSpec => ({ file: `${part}/${file}.bin`, type, width: 1 });
  const columns: Record<string, ColumnSpec> = {
    candidate: one("candidate", "int32"),
    user: one("user", "uint32"),
    time: one("time", "float64"),
    row: one("row", "float64"),
  };
  for (const label of shape.labels) {
    columns[`label.${label}`] = one(`label.${label}`, "float32");
  }
  if (shape.weight) {
    columns.weight = one("weight", "float32");
  }
  if (shape.negatives !== null) {
    columns.offset = one("offset", "float32");
  }
  for (const { name, same, listed } of shape.histories) {
    // First behaviour that the sample sees, among all of the history.
    columns[`start.${name}`] = one(`start.${name}`, "uint32");
    if (listed !== undefined) {
      columns[`end.${name}`] = one(`end.${name}`, "uint32");
    }
    if (same) {
      columns[`same.${name}`] = one(`same.${name}`, "int32");
    }
  }
  for (const { name, type, width } of shape.single) {
    columns[`single.${name}`] = { file: `${part}/${name}.bin`, type, width };
  }
  return columns;
}
