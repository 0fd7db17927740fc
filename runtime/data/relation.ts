// A file, or a glob of files, as a relation of the database: CSV, Parquet or JSON lines, compressed or not.
import { readdirSync, statSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import { meant } from "../../contract/nearest.ts";
import { cell } from "../../contract/width.ts";
import { quoted, type Source } from "./database/source.ts";
import { guarded } from "./files/common-type.ts";
import { readCsv } from "./files/csv.ts";
import { type FileForm, type Format, formatOf, writtenSeparator } from "./files/file-form.ts";
import type { Renamed } from "./files/headings.ts";
import { readJson } from "./files/json-lines.ts";
import { readParquet } from "./files/parquet.ts";
import { readError } from "./files/read-error.ts";
import { type Guard, once, type Reading, runsOf, textName } from "./files/reading.ts";
import { shownPath } from "./files/shown-path.ts";
import { textFiles } from "./files/text-files.ts";
import { type AsIds, idsOfText } from "./files/text-types.ts";

/** Name of the row number (0-based, over all files in order) that `numbered` adds. */
export const rowColumn = "#row";

/** The part that a row's file is of, where files are parts. */
export const setColumn = "#set";

/** Names that queries add to a file's columns: a file's own would be taken for them. */
const ownNames =
  /^#(row|n|user|item|time|part|set|when|at|key|ukey|vkey|ordinal|weight|keep\d+|same\d+|text .*|list .*|times .*)$/i;

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
  /** What separates fields of CSV, where it is the same in all files. */
  readonly separator?: string;
  /** What reading called columns whose headings come twice; said by `saidRenamed`. */
  readonly renamed: readonly Renamed[];
  /** How many rows the files have, where their ends say it. */
  readonly rows?: number | null;
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
  form: FileForm = {},
): Promise<Relation> {
  return openParts(source, [{ file, where }], expected, form);
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
  form: FileForm = {},
): Promise<Relation> {
  const [first] = named;
  if (first === undefined) {
    throw new Error("no file is named");
  }
  const { where } = first;
  const found = named.map((one) => ({ ...one, ...filesOf(source, one, form) }));
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
    reading = await readingOf(source, files, format, expected, form);
  } catch (cause) {
    throw new TwinError(`${where}: ${(await readError(source, { name, format, files }, cause)).message}`, { cause });
  }
  if (reading.empty) {
    const many = files.length > 1 ? `none of the ${files.length} files of ${name} has a row` : `${name} has no rows`;
    throw new TwinError(`${where}: ${many}: is it what was meant, and was it written to its end?`);
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
    ...(reading.separator !== undefined && { separator: reading.separator }),
    renamed: reading.renamed,
    ...(reading.rows !== undefined && { rows: reading.rows }),
    sql,
    numbered: `SELECT *, row_number() OVER () - 1 AS ${quoted(rowColumn)} FROM ${sql()}`,
  };
}

/** The files behind a name. @throws TwinError where there are none */
function filesOf(source: Source, { file, where }: NamedPart, form: FileForm) {
  const name = shownPath(file);
  const format = form.format ?? formatOf(file);
  const files = source.files(file);
  if (files.length === 0) {
    throw new TwinError(
      statSync(file, { throwIfNoEntry: false })?.isDirectory()
        ? `${where}: ${name} is a folder; name its files, such as ${name}/*${endingIn(file, format)}`
        : `${where}: there is no file ${name}; paths are relative to the YAML file`,
    );
  }
  if (format === null) {
    throw new TwinError(
      `${where}: ${name} has no ending that says its format; use .csv, .tsv, .parquet, .jsonl (also .gz, .zst), or write \`format: csv\`, parquet or json beside \`file\``,
    );
  }
  return { format, files };
}

/** Headings that come twice, each in a sentence. */
export const saidRenamed = ({ renamed }: Pick<Relation, "renamed">): string[] =>
  renamed.map(
    ({ file, heading, name }) =>
      `${shownPath(file)} has more than one column called \`${heading}\` (capitals do not count): this one is read as \`${name}\`. Give each a heading of its own`,
  );

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

async function readingOf(
  source: Source,
  files: readonly string[],
  format: Format,
  expected: readonly string[],
  form: FileForm,
): Promise<Reading> {
  if (format === "parquet") {
    return once(format, files, () => readParquet(source, files));
  }
  const texts = await textFiles(source, files, format, form);
  const copies = texts.filter(({ file, path }) => path !== file).map(({ path }) => path);
  return once(JSON.stringify([format, expected, form, copies]), files, () =>
    format === "csv" ? readCsv(source, texts, expected, form) : readJson(source, texts),
  );
}

/** The ending of the files in a folder, as a glob names them. */
function endingIn(folder: string, format: Format | null): string {
  const found = readdirSync(folder).find((name) => formatOf(name) !== null);
  return found === undefined ? `.${format ?? "parquet"}` : found.slice(found.indexOf(".", 1));
}

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
  const [only, ...more] = relation.columns.keys();
  if (relation.format === "csv" && only !== undefined && more.length === 0) {
    const sign = /[^\p{L}\p{N}_.:"' -]+|::/u.exec(only)?.[0] ?? " ";
    throw new TwinError(
      `${where}: ${relation.name} has no column \`${column}\`; its only column is ${JSON.stringify(cell(only))}. If fields are separated otherwise, say the \`separator\` beside \`file\`, such as \`separator: ${writtenSeparator(sign)}\``,
    );
  }
  const seen = looks(column);
  const like = [...relation.columns.keys()].find((one) => looks(one) === seen);
  const way =
    like === undefined
      ? meant(column, relation.columns.keys())
      : `; its column ${shownExactly(like)} looks the same, and has other characters or blanks in it: copy the name as it stands there`;
  throw new TwinError(`${where}: ${relation.name} has no column \`${column}\`${way}`);
}

/** What is seen of a name: Unicode writes some letters in several ways, and blanks at the ends and marks without a width not at all. */
const looks = (name: string): string =>
  name
    .normalize("NFKC")
    .replace(/[\u200b-\u200f\u2060\ufeff]/g, "")
    .trim();

/** As it can be told from what looks the same. */
const shownExactly = (name: string): string =>
  JSON.stringify(name).replace(/[^\x20-\x7e]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);

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
