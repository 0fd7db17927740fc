// Reads files as the runtime does: the types that it decides, and the rows.
import { join } from "node:path";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { openEvents } from "../../runtime/data/events.ts";
import { openRelation } from "../../runtime/data/relation.ts";
import { temporary } from "./built-twin.ts";
import { writeFiles } from "./data-files.ts";
import { ask } from "./database.ts";

type Rows = readonly Record<string, unknown>[];

/** Types and rows of a file or glob of a folder. */
export async function read(
  folder: string,
  name: string,
  expected: readonly string[] = [],
): Promise<{ types: Record<string, string>; rows: Rows }> {
  const file = join(folder, name);
  const source = await Source.open({ reads: [file] });
  try {
    const relation = await openRelation(source, file, "data.yaml:1:1", expected);
    const names = [...relation.columns.keys()].map((column) => `"${column}"`).join(", ");
    const rows = await source.all(`SELECT ${names} FROM (${relation.numbered}) ORDER BY "#row"`);
    return { types: Object.fromEntries(relation.columns), rows };
  } finally {
    source.close();
  }
}

/** As `read`, of one file that holds the text. */
export function text(content: string | Uint8Array, name = "x.csv", expected: readonly string[] = []) {
  const folder = temporary();
  writeFiles(folder, { [name]: content });
  return read(folder, name, expected);
}

/** Users, items and times of an event log, by its rows. */
export async function events(folder: string, yaml: string): Promise<{ user: unknown; item: unknown; time: unknown }[]> {
  const binding = parseBinding(yaml, join(folder, "data.yaml"));
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const opened = await openEvents(source, binding, null);
    const query = `SELECT "#user" AS "user", "#item" AS item, "#time" AS "time" FROM (${opened.select}) ORDER BY "#row"`;
    try {
      return (await source.all(query)) as { user: unknown; item: unknown; time: unknown }[];
    } catch (cause) {
      throw await opened.explain()(cause);
    }
  } finally {
    source.close();
  }
}

/** A folder with one Parquet file for each query. */
export async function parquet(selects: readonly string[]): Promise<string> {
  const folder = temporary();
  for (const [i, select] of selects.entries()) {
    await ask(`COPY (${select}) TO '${folder}/${i}.parquet' (FORMAT parquet)`);
  }
  return folder;
}

/** Beyond the rows from which the database itself guesses. */
export const many = 21_000;

export const lines = (count: number, of: (row: number) => string): string =>
  Array.from({ length: count }, (_, i) => of(i)).join("\n");
