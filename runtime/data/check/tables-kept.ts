// What the tables of a model would hold of the items of a log, before anything is built.

import type { Binding } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import type { Source } from "../database/source.ts";
import { openItems } from "../items.ts";
import type { DataQuery } from "../prepare/select.ts";
import type { DataReport } from "../report-schema.ts";
import { coverTables } from "../table-coverage.ts";

export type TableKept = NonNullable<DataReport["tables"]>[number];

/** As the table build decides it: the fewest most frequent items that reach a table's coverage. @param items their number */
export async function tablesKept(
  source: Source,
  { items, keyType }: DataQuery,
  binding: Binding,
  { features, tables = {}, histories }: DataModel,
  total: number,
): Promise<TableKept[]> {
  if (Object.keys(tables).length === 0) {
    return [];
  }
  const key = features.filter((feature) => feature.group === "item" && feature.key);
  const opened = items ?? (await openItems(source, binding, key, keyType));
  const cover = await coverTables(source, binding, opened, keyType, total, tables, histories);
  return Object.entries(tables).map(([table, { history, coverage }]) => {
    const { rows, reached } = cover.tables[table];
    return { table, history, coverage, items: rows - 1, reached };
  });
}
