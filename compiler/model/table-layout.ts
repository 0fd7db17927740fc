// How the parts of a table lie in its rows.
import type { TablePart } from "./model.ts";
import { headsOf } from "./widths.ts";

/** `relevance.keys` with its heads and their width. */
export function layoutOf(part: TablePart) {
  const heads = headsOf(part);
  const layout: ["heads", "dim"] = ["heads", "dim"];
  return {
    of: part.kind === "keys" ? `${part.metric.name}.keys` : `${part.attend.name}.values`,
    layout,
    heads,
    dim: part.width / heads,
  };
}
