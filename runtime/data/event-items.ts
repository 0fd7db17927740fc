// The items of an event log, where no items file is named: one row an item, with what the log said of it last.
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { openEvents } from "./events.ts";
import { textName } from "./files/reading.ts";
import type { KeyType } from "./items.ts";
import { type Relation, rowColumn } from "./relation.ts";

/**
 * A relation of the events' columns with one row for every item that the log names, in the order of their keys. A column
 * has the value of the item's newest event that has one (of the last in the file among equal times).
 * @param keyType how item keys are held
 * @throws TwinError where the binding names no events, or columns that they do not have
 */
export async function eventItems(source: Source, binding: Binding, keyType: KeyType): Promise<Relation> {
  const { relation: log, item, time } = await openEvents(source, binding, keyType);
  const newest = [...log.columns.keys(), ...[...log.texts].map(textName)].map(
    (column) => `arg_max(${quoted(column)}, "#when") AS ${quoted(column)}`,
  );
  const events = `SELECT *, ${item.sql} AS "#key", {t: ${time.sql}, r: ${quoted(rowColumn)}} AS "#when" FROM (${log.numbered})`;
  const items = `(SELECT ${newest.join(", ")}, "#key" FROM (SELECT * FROM (${events}) WHERE "#key" IS NOT NULL) GROUP BY "#key" ORDER BY "#key")`;
  return {
    name: `${log.name} (its items, as no items file is named)`,
    files: log.files,
    columns: log.columns,
    format: log.format,
    texts: log.texts,
    ...(log.computed && { computed: log.computed }),
    guards: [],
    renamed: log.renamed,
    sql: () => items,
    numbered: `SELECT *, row_number() OVER (ORDER BY "#key") - 1 AS ${quoted(rowColumn)} FROM ${items}`,
    made: log,
  };
}
