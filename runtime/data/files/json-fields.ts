// The keys of JSON records as columns. The database tells keys apart that differ in capitals alone, and does not find what it
// named anew: each of them is read by itself.
import { TwinError } from "../../../contract/error.ts";
import { type ColumnInfo, fileList, literal, quoted, type Source } from "../database/source.ts";
import { databaseNames, mayBeRenamed, namesOf, type Renamed, twinKey } from "./headings.ts";
import type { Layout } from "./json-lines.ts";
import { isEmpty } from "./reading.ts";
import { shownPath } from "./shown-path.ts";
import type { TextFile } from "./text-files.ts";

export interface JsonField extends ColumnInfo {
  /** As the records have it. */
  readonly key: string;
}

/** @param told the columns as the database describes them @throws TwinError where it does not tell which key is which */
export async function jsonFields(
  source: Source,
  told: readonly ColumnInfo[],
  texts: readonly TextFile[],
  layout: Layout,
): Promise<{ readonly fields: readonly JsonField[]; readonly renamed: readonly Renamed[] }> {
  const plain = told.map((column) => ({ ...column, key: column.name }));
  if (!mayBeRenamed(told.map(({ name }) => name))) {
    return { fields: plain, renamed: [] };
  }
  const found = await keysIn(source, texts, layout);
  const keys = found.map(({ key }) => key);
  const { names, renamed } = namesOf(keys);
  const types = new Map(databaseNames(keys).map((name, i) => [name, keys[i]] as const));
  const byKey = new Map(told.map(({ name, type }) => [types.get(name), type] as const));
  const twins = renamed.map((one) => ({ ...one, file: found.find(({ key }) => key === one.heading)!.file }));
  const [twin] = twins;
  if (keys.some((key) => !byKey.has(key)) && twin !== undefined) {
    throw new TwinError(twinKey(shownPath(twin.file), twin.heading));
  }
  const fields = keys.map((key, i) => ({ key, name: names[i], type: byKey.get(key) ?? "VARCHAR" }));
  // A key without a name cannot be asked for.
  return { fields: fields.filter(({ key }) => key !== ""), renamed: twins };
}

/** @throws TwinError for a record that is no object, and for records of which none has a key: the database takes them for values of a column of its own */
export async function expectKeys(
  source: Source,
  told: readonly ColumnInfo[],
  texts: readonly TextFile[],
  layout: Layout,
): Promise<void> {
  if (told.length > 1) {
    return;
  }
  await expectObjects(source, texts, layout);
  if (told[0]?.type !== "JSON" || (await keysIn(source, texts, layout)).length > 0) {
    return;
  }
  if (!(await isEmpty(source, recordsIn(texts, layout)))) {
    throw new TwinError(`${texts.map(({ file }) => shownPath(file)).join(", ")} has rows without a single key`);
  }
}

/** @throws TwinError naming the first record that is a list, a number or a text */
async function expectObjects(source: Source, texts: readonly TextFile[], layout: Layout): Promise<void> {
  const numbered = `SELECT json, filename, row_number() OVER () AS n FROM ${recordsIn(texts, layout)}`;
  const placed = `SELECT json, filename, n, n - min(n) OVER (PARTITION BY filename) + 1 AS record FROM (${numbered})`;
  const [wrong] = await source.all(
    `SELECT json::VARCHAR AS value, filename, record::DOUBLE AS record FROM (${placed}) WHERE json_type(json) NOT IN ('OBJECT', 'NULL') ORDER BY n LIMIT 1`,
  );
  if (wrong !== undefined) {
    const at = `${fileOf(texts, String(wrong.filename))}, record ${Number(wrong.record)}`;
    throw new TwinError(noObject(at, String(wrong.value)));
  }
}

const shownLength = 60;

/** @param at file and record, or line */
export function noObject(at: string, value: string): string {
  const shown = value.length > shownLength ? `${value.slice(0, shownLength)}…` : value;
  return `${at}: ${shown} has no keys; a record is an object that names its columns, such as {"user_id": 7, "item_id": 12}`;
}

const fileOf = (texts: readonly TextFile[], path: string): string =>
  shownPath(texts.find((one) => one.path === path)?.file ?? path);

const recordsIn = (texts: readonly TextFile[], layout: Layout): string =>
  `read_json(${fileList(texts.map(({ path }) => path))}, format = '${layout}', records = false, columns = {json: 'JSON'}, filename = true, hive_partitioning = false)`;

/** All keys of the records, in the order in which they come up, each with the first file that has it. */
async function keysIn(source: Source, texts: readonly TextFile[], layout: Layout) {
  const numbered = `SELECT json_keys(json) AS ks, filename, row_number() OVER () AS n FROM ${recordsIn(texts, layout)} WHERE json_type(json) = 'OBJECT'`;
  const each = `SELECT unnest(ks) AS k, n * 65536 + generate_subscripts(ks, 1) AS place, filename FROM (${numbered})`;
  const rows = await source.all(
    `SELECT k, arg_min(filename, place) AS file FROM (${each}) GROUP BY k ORDER BY min(place)`,
  );
  return rows.map(({ k, file }) => ({
    key: String(k),
    file: texts.find(({ path }) => path === file)?.file ?? String(file),
  }));
}

/**
 * The records as a table: one reader for all keys, and one more for those that another one has in other capitals.
 * @param read a reader by its columns; the first one's rows have those of folders, too
 */
export function jsonRows(fields: readonly JsonField[], read: (columns: string, first: boolean) => string): string {
  const readers: JsonField[][] = [];
  for (const field of fields) {
    const alike = (other: JsonField): boolean => other.key.toLowerCase() === field.key.toLowerCase();
    const free = readers.find((reader) => !reader.some(alike));
    if (free === undefined) {
      readers.push([field]);
    } else {
      free.push(field);
    }
  }
  const tables = readers.map((reader, i) => {
    const columns = reader.map(({ key, type }) => `${literal(key)}: ${literal(type)}`).join(", ");
    const changed = reader.flatMap(({ key, name }) => (key === name ? [] : [`${quoted(key)} AS ${quoted(name)}`]));
    const table = read(`{${columns}}`, i === 0);
    return changed.length === 0 ? table : `(SELECT * RENAME (${changed.join(", ")}) FROM ${table})`;
  });
  return tables.length === 1 ? tables[0] : `(SELECT * FROM ${tables.join(" POSITIONAL JOIN ")})`;
}
