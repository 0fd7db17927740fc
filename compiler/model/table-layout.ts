// The parts of a table: what they are of, and how they lie in its rows.
import { mayBeStale, type PartOf } from "../../contract/by-spec.ts";
import type { History, Table, TablePart } from "./model.ts";
import { headsOf } from "./widths.ts";

/** Heads of a part, and their width. */
export function layoutOf(part: TablePart): { readonly heads: number; readonly dim: number } {
  const heads = headsOf(part);
  return { heads, dim: part.width / heads };
}

/** As the manifest says it. */
export function partOf(part: TablePart): PartOf {
  switch (part.kind) {
    case "keys":
      return { kind: "keys", metric: part.metric.name };
    case "values":
      return { kind: "values", attend: part.attend.name };
    case "codes":
      return { kind: "codes", stage: part.stage.name };
  }
}

/** Whether its rows may be read though they were made with other weights. */
export const tableMayBeStale = ({ of }: Pick<Table, "of">): boolean => mayBeStale(of.map(partOf));

/** The history whose items' rows hold it. */
export function historyOf(part: TablePart): History {
  switch (part.kind) {
    case "keys":
      return part.metric.history;
    case "values":
      return part.attend.over.history;
    case "codes":
      return "from" in part.stage ? part.stage.from : part.stage.over.history;
  }
}
