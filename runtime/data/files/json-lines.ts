// JSON, a line for each record or an array of them: fields and kinds over all lines, numbers as they are written where a float would round or kinds are mixed.
import { TwinError } from "../../../contract/error.ts";
import { type ColumnInfo, fileList, quoted, type Source } from "../database/source.ts";
import { foldersOf } from "./folder-columns.ts";
import { expectKeys, jsonFields, jsonRows, noObject } from "./json-fields.ts";
import { isEmpty, type Reading, textName } from "./reading.ts";
import { shownPath } from "./shown-path.ts";
import { beginningOf, type TextFile } from "./text-files.ts";
import { decideTypes, textTimes, typedText } from "./text-types.ts";

export async function readJson(source: Source, held: readonly TextFile[]): Promise<Reading> {
  const files = held.map(({ file }) => file);
  const paths = new Map(held.map(({ file, path }) => [file, path]));
  const at = (some: readonly string[]): string => fileList(some.map((file) => paths.get(file) ?? file));
  const layout = layoutOf(held);
  const describe = (more: string): Promise<ColumnInfo[]> =>
    source.describe(
      `SELECT * FROM read_json(${at(files)}, format = '${layout}', sample_size = -1, maximum_sample_files = 1000000000, dateformat = '${never}', timestampformat = '${never}', hive_partitioning = false${more})`,
    );
  let told = await describe("");
  if (told.length === 1 && told[0].name === "json") {
    // Records of many different keys are taken for one map, and those without any for something else.
    told = await describe(", map_inference_threshold = -1");
    await expectKeys(source, told, held, layout);
  }
  const { fields, renamed } = await jsonFields(source, told, held, layout);
  const found = fields.map(({ type, ...field }) => ({
    ...field,
    type: type.replaceAll("JSON", "VARCHAR").replaceAll("UUID", "VARCHAR"),
  }));
  const folders = foldersOf(
    files,
    found.map(({ name }) => name),
  );
  // As they are written: what may be a float, and every text.
  const asText = (type: string): boolean => type === "DOUBLE" || type === "VARCHAR" || /^U?HUGEINT$/.test(type);
  const read = found.map(({ type, ...field }) => ({ ...field, type: asText(type) ? "VARCHAR" : type }));
  const rows = (some: readonly string[]): string =>
    jsonRows(read, (columns, first) => {
      const options = (first ? folders?.options : undefined) ?? "hive_partitioning = false";
      return `read_json(${at(some)}, format = '${layout}', columns = ${columns}, ${options})`;
    });
  const of = (type: string): string[] => found.filter((column) => column.type === type).map(({ name }) => name);
  const numbers = await decideTypes(source, rows(files), of("DOUBLE"), ["BIGINT", "DOUBLE"]);
  // Numbers below 0 beside others are of 128 bits to the database, whatever their size.
  const wide = await decideTypes(source, rows(files), [...of("HUGEINT"), ...of("UHUGEINT")], ["BIGINT"]);
  // Texts that look like numbers stay texts.
  const texts = await decideTypes(source, rows(files), of("VARCHAR"), textTimes);
  const nulls = await withoutValue(source, rows(files), fields);
  const decided = new Map([...numbers, ...wide, ...texts].map(({ name, type }) => [name, type]));
  const columns: ColumnInfo[] = found.map(({ name, type }) => ({
    name,
    type: nulls.has(name) ? '"NULL"' : (decided.get(name) ?? (asText(type) ? "VARCHAR" : type)),
  }));
  const written = columns.filter(
    ({ name, type }, i) => asText(found[i].type) && type !== "VARCHAR" && !nulls.has(name) && decided.has(name),
  );
  const select = [
    ...columns.map(
      ({ name, type }, i) =>
        `${asText(found[i].type) && !nulls.has(name) ? typedText(quoted(name), type) : quoted(name)} AS ${quoted(name)}`,
    ),
    ...written.map(({ name }) => `${quoted(name)} AS ${quoted(textName(name))}`),
  ].join(", ");
  return {
    columns: [...columns, ...(folders?.columns ?? [])],
    texts: new Set([...written.map(({ name }) => name), ...(folders?.texts ?? [])]),
    absent: new Map(),
    guards: [],
    renamed,
    empty: await isEmpty(source, rows(files)),
    sql: (some) => `(SELECT ${select}${folders?.select ?? ""} FROM ${rows(some)})`,
  };
}

/** Fields that are null in every line: they may be anything. */
async function withoutValue(source: Source, rows: string, fields: readonly ColumnInfo[]): Promise<Set<string>> {
  const names = fields.filter(({ type }) => type === "JSON").map(({ name }) => name);
  if (names.length === 0) {
    return new Set();
  }
  const asked = names.map((name, i) => `count(${quoted(name)}) = 0 AS "${i}"`);
  const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${rows}`);
  return new Set(names.filter((_, i) => row[String(i)] === true));
}

/** A form that no text has: dates are decided by us, over all lines. */
const never = "%Y-%m-%dnever";

export type Layout = "newline_delimited" | "array" | "unstructured";

/** How the records of all files stand in them. @throws TwinError where files differ */
function layoutOf(texts: readonly TextFile[]): Layout {
  let first: { file: string; layout: Layout } | null = null;
  for (const held of texts) {
    const { file } = held;
    const text =
      beginningOf(held)
        ?.text.replace(/^\uFEFF/, "")
        .trimStart() ?? "";
    if (text === "") {
      continue;
    }
    const line = listsIn(text);
    if (line !== null) {
      throw new TwinError(noObject(`${shownPath(file)}, line 1`, line));
    }
    const layout = text.startsWith("[") ? "array" : brokenOver(text) ? "unstructured" : "newline_delimited";
    first ??= { file, layout };
    if ((first.layout === "array") !== (layout === "array")) {
      const [array, lines] = layout === "array" ? [file, first.file] : [first.file, file];
      throw new TwinError(
        `${shownPath(array)} holds an array, and ${shownPath(lines)} a record in each line: write all files alike`,
      );
    }
    if (layout === "unstructured") {
      first = { file, layout };
    }
  }
  if (first === null && texts.every((held) => beginningOf(held)?.whole === true)) {
    throw new TwinError(`${texts.map(({ file }) => shownPath(file))[0]} is empty: it has not a single record`);
  }
  return first?.layout ?? "newline_delimited";
}

/** The first line where it is a list and others follow it, which no array of records has; else null. */
function listsIn(text: string): string | null {
  const end = text.search(/\r?\n/);
  const [line, more] = end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end)];
  return line.startsWith("[") && more.trim() !== "" && complete(line) ? line : null;
}

/** Whether the first record goes on over several lines. */
function brokenOver(text: string): boolean {
  const [line, more] = text.split(/\r?\n/, 2);
  return more !== undefined && /^\{\s*("(\\.|[^"\\])*"\s*:\s*([{[]\s*)?.*,?\s*)?$/.test(line) && !complete(line);
}

function complete(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
