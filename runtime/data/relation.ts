// A file, or a glob of files, as a relation of the database: CSV, Parquet or JSON lines, compressed or not.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { meant } from "../../contract/nearest.ts";
import { firstLines, quoted, type Source } from "./database/source.ts";
import { guarded } from "./files/common-type.ts";
import { readCsv } from "./files/csv.ts";
import { readJsonLines } from "./files/json-lines.ts";
import { readParquet } from "./files/parquet.ts";
import { type Guard, once, type Reading, runsOf, textName } from "./files/reading.ts";
import { type AsIds, idsOfText } from "./files/text-types.ts";

/** Name of the row number (0-based, over all files in order) that `numbered` adds. */
export const rowColumn = "#row";

/** The part that a row's file is of, where files are parts. */
export const setColumn = "#set";

/** Names that queries add to a file's columns: a file's own would be taken for them. */
const ownNames =
  /^#(row|n|user|item|time|part|set|when|key|ukey|ordinal|weight|keep\d+|same\d+|text .*|list .*|times .*)$/i;

export interface Relation {
  /** As in data.yaml, for messages. */
  readonly name: string;
  readonly format: Format;
  readonly files: readonly string[];
  /** By name, the type that holds in all files and all rows. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns whose text as it is written stands beside them (`textName`). */
  readonly texts: ReadonlySet<string>;
  /** Rows that cannot be brought to their column's type. */
  readonly guards: readonly Guard[];
  /** All files, or some, as a table. */
  sql(files?: readonly string[]): string;
  /** A select of the relation's rows in file order with their number as `"#row"`. */
  readonly numbered: string;
  /** Columns that the files do not have: data.yaml names an expression or a nested key. */
  readonly computed?: ReadonlySet<string>;
  /** Where a condition leaves rows out: all of them, and those that are left of some files, with their number there as `"#n"`. */
  readonly dropped?: {
    readonly all: string;
    allOf(files: readonly string[]): string;
    counted(files: readonly string[]): string;
    /** The condition, and its place in data.yaml. */
    readonly text: string;
    readonly where: string;
  };
  /** The relation that this one was made of, with the same columns: errors name its rows. */
  readonly made?: Relation;
}

type Format = "csv" | "parquet" | "json";

function formatOf(path: string): Format | null {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (/\.(csv|tsv|tab|txt|inter|item|user)$/.test(name)) {
    return "csv";
  }
  if (/\.(parquet|pq)$/.test(name)) {
    return "parquet";
  }
  return /\.(jsonl|ndjson|json)$/.test(name) ? "json" : null;
}

/**
 * Opens the files behind a name in data.yaml, for which the source was opened: types hold in all files and all rows.
 * @param where the place in data.yaml, for errors
 * @param expected columns that every file should have: they tell the headings of a CSV file from data
 */
export async function openRelation(
  source: Source,
  file: string,
  where: string,
  expected: readonly string[] = [],
): Promise<Relation> {
  return openParts(source, [{ file, where }], expected);
}

/** Part by part: a file or glob, and its place in data.yaml. */
export interface NamedPart {
  readonly file: string;
  readonly where: string;
  /** Number of the part, for the column `"#set"` of the rows. */
  readonly part?: number;
}

/** As `openRelation`, of the rows of several names, whose types hold in all of them. */
export async function openParts(
  source: Source,
  named: readonly NamedPart[],
  expected: readonly string[] = [],
): Promise<Relation> {
  const [first] = named;
  if (first === undefined) {
    throw new Error("no file is named");
  }
  const { where } = first;
  const found = named.map((one) => ({ ...one, ...filesOf(source, one) }));
  const { format } = found[0];
  const other = found.find((one) => one.format !== format);
  if (other !== undefined) {
    throw new TwinError(`${other.where}: ${shownPath(other.file)} is of another format than ${shownPath(first.file)}`);
  }
  const partOf = new Map<string, number>();
  for (const { files, part, where: here } of found) {
    for (const file of files) {
      if (partOf.has(file)) {
        throw new TwinError(`${here}: ${shownPath(file)} is a file of another part, too: each row is of one part`);
      }
      partOf.set(file, part ?? 0);
    }
  }
  const files = found.flatMap((one) => one.files);
  const name = named.map((one) => shownPath(one.file)).join(", ");
  let reading: Reading;
  try {
    reading = await once(JSON.stringify([format, expected]), files, () => {
      if (format === "parquet") {
        return readParquet(source, files);
      }
      return format === "csv" ? readCsv(source, files, expected) : readJsonLines(source, files);
    });
  } catch (cause) {
    throw new TwinError(`${where}: ${readError({ name }, cause).message}`, { cause });
  }
  const own = reading.columns.find((column) => ownNames.test(column.name));
  if (own !== undefined) {
    throw new TwinError(
      `${where}: ${name} has a column \`${own.name}\`, a name that reading keeps for itself: rename it in the file`,
    );
  }
  for (const column of expected) {
    const [without] = reading.absent.get(column) ?? [];
    if (without !== undefined) {
      throw new TwinError(
        `${where}: ${shownPath(without)} has no column \`${column}\`, and other files of ${name} have it`,
      );
    }
  }
  const sql = (some: readonly string[] = files): string =>
    first.part === undefined
      ? reading.sql(some)
      : `(${runsOf(some, (file) => partOf.get(file))
          .map((run) => `SELECT *, ${run.of} AS ${quoted(setColumn)} FROM ${reading.sql(run.files)}`)
          .join(" UNION ALL ")})`;
  return {
    name,
    format,
    files,
    columns: new Map(reading.columns.map((column) => [column.name, column.type])),
    texts: reading.texts,
    guards: reading.guards,
    sql,
    numbered: `SELECT *, row_number() OVER () - 1 AS ${quoted(rowColumn)} FROM ${sql()}`,
  };
}

/** The files behind a name. @throws TwinError where there are none */
function filesOf(source: Source, { file, where }: NamedPart) {
  const format = formatOf(file);
  const name = shownPath(file);
  if (format === null) {
    throw new TwinError(
      `${where}: ${name} has no ending that says its format; use .csv, .tsv, .parquet, .jsonl (also .gz, .zst)`,
    );
  }
  const files = source.files(file);
  if (files.length === 0) {
    throw new TwinError(
      existsSync(file)
        ? `${where}: ${name} is a folder; name its files, such as ${name}/*.${format}`
        : `${where}: there is no file ${name}; paths are relative to the YAML file`,
    );
  }
  return { format, files };
}

/** Where a row stands, by its number over all files. */
export async function placeOfRow(source: Source, relation: Relation, row: number): Promise<string> {
  let before = 0;
  for (const file of relation.files) {
    const rows = relation.dropped?.allOf([file]) ?? relation.sql([file]);
    const [{ n }] = await source.all(`SELECT count(*)::DOUBLE AS n FROM ${rows}`);
    if (row < before + Number(n)) {
      return `${shownPath(file)}, row ${row - before + 1}`;
    }
    before += Number(n);
  }
  return `${relation.name}, row ${row + 1} over all files`;
}

/** A path as messages show it. */
const shownPath = (file: string): string =>
  relative(process.cwd(), file).startsWith("..") ? file : relative(process.cwd(), file);

/**
 * How ids read a column: where it is written as text, whole numbers if every value is one, else the texts as they stand, so
 * that 0017 is not 17.
 */
export async function readAsIds(source: Source, relation: Relation, column: string): Promise<AsIds> {
  const type = requireColumn(relation, column, relation.name);
  if (!relation.texts.has(column) || type === "BIGINT") {
    return { sql: quoted(column), type };
  }
  const text = quoted(textName(column));
  const { files } = relation.made ?? relation;
  return once(JSON.stringify(["ids", relation.sql(), column]), files, () =>
    idsOfText(source, (relation.made ?? relation).sql(), text),
  );
}

/** @throws TwinError naming the file and what was probably meant */
export function requireColumn(relation: Relation, column: string, where: string): string {
  const type = relation.columns.get(column);
  if (type !== undefined) {
    return type;
  }
  throw new TwinError(
    `${where}: ${relation.name} has no column \`${column}\`${meant(column, relation.columns.keys())}`,
  );
}

/**
 * The first row, file by file, for which an SQL condition holds: `movies.csv, row 17` (rows count from 1, headings apart), or null.
 * Slow on purpose: it runs only to name the place of an error.
 */
export async function locate(source: Source, relation: Relation, condition: string, skip = 0): Promise<string | null> {
  if (relation.made) {
    return locate(source, relation.made, condition, skip);
  }
  let passed = 0;
  for (const file of relation.files) {
    const rows =
      relation.dropped?.counted([file]) ?? `SELECT *, row_number() OVER () AS "#n" FROM ${relation.sql([file])}`;
    const found = await source.all(
      `SELECT "#n" AS n FROM (${rows}) WHERE ${condition} ORDER BY 1 LIMIT ${skip + 1 - passed}`,
    );
    if (passed + found.length > skip) {
      return `${shownPath(file)}, row ${found[found.length - 1].n}`;
    }
    passed += found.length;
  }
  return null;
}

/** An error of reading this relation: a CSV error already names its line; a failing cast names its value. */
export function readError(relation: Pick<Relation, "name">, cause: unknown): TwinError {
  if (cause instanceof TwinError) {
    return cause;
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line === undefined) {
    const told = firstLines(cause);
    return new TwinError(`${relation.name}: ${told}`, { cause });
  }
  const file = /^\s*file = (.+)$/m.exec(text)?.[1];
  const counted = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  const reason = counted
    ? `it has ${counted[2]} fields, and ${counted[1]} are due as in the file's first line; a field with the separator in it stands in double quotes`
    : /unterminated quote/i.test(text)
      ? "a quotation mark is not closed, or something follows it; within double quotes write it twice"
      : /maximum line size|exceed/i.test(text)
        ? "the line is longer than 2 MB"
        : /unicode|utf/i.test(text)
          ? "its bytes are no text in UTF-8; convert the file, as in `iconv -f LATIN1 -t UTF-8`"
          : "it is not written as the lines before it";
  return new TwinError(`${file === undefined ? relation.name : shownPath(file)}, line ${line}: ${reason}`, { cause });
}

/** The row behind an error of reading that is due to types which differ by file; null where it is another error. */
export async function guardedRow(source: Source, relation: Relation, cause: unknown): Promise<TwinError | null> {
  if (relation.made) {
    return guardedRow(source, relation.made, cause);
  }
  if (!(cause instanceof Error) || !(cause.message.includes(guarded) || /UTF-?8/i.test(cause.message))) {
    return null;
  }
  for (const { column, bad, why, files, raw } of relation.guards) {
    for (const file of files) {
      const numbered = `SELECT *, row_number() OVER () AS "#n" FROM ${raw(file)}`;
      const [found] = await source.all(`SELECT "#n" AS n FROM (${numbered}) WHERE ${bad} ORDER BY 1 LIMIT 1`);
      if (found) {
        return new TwinError(`${shownPath(file)}, row ${found.n}, column \`${column}\`: ${why}`, { cause });
      }
    }
  }
  return null;
}
