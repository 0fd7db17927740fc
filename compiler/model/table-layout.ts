// How the parts of a table lie in its rows.
import type { TablePart } from "./model.ts";
import { headsOf } from "./widths.ts";

/** Heads of a part, and their width. */
export function layoutOf(part: TablePart): { readonly heads: number; readonly dim: number } {
  const heads = headsOf(part);
  return { heads, dim: part.width / heads };
}
