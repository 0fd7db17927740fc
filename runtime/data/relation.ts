// A file, or a glob of files, as a relation of the database: CSV, Parquet or JSON lines, compressed or not.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { TwinError } from "../error.ts";
import { familyOf } from "./cast.ts";
import { meant } from "./nearest.ts";
import { type ColumnInfo, fileList, firstLines, literal, quoted, type Source } from "./source.ts";
import { guessedDates } from "./text-dates.ts";

/** Name of the row number (0-based, over all files in order) that `numbered` adds. */
export const rowColumn = "#row";

/** Names that queries add to a file's columns: a file's own would be taken for them. */
const ownNames = /^#(row|n|user|item|time|part|when|key|ukey|ordinal|weight|keep\d+|same\d+)$/i;

export interface Relation {
  /** As in data.yaml, for messages. */
  readonly name: string;
  readonly files: readonly string[];
  readonly columns: ReadonlyMap<string, string>;
  /** `read_parquet([…])` over all files, or over some. */
  sql(files?: readonly string[]): string;
  /** A select of the relation's rows in file order with their number as `"#row"`. */
  readonly numbered: string;
  /** The relation that this one was made of, with the same columns: errors name its rows. */
  readonly made?: Relation;
}

type Format = "csv" | "parquet" | "json";

function formatOf(path: string): Format | null {
  const name = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (/\.(csv|tsv|tab|txt)$/.test(name)) return "csv";
  if (/\.(parquet|pq)$/.test(name)) return "parquet";
  return /\.(jsonl|ndjson|json)$/.test(name) ? "json" : null;
}

/**
 * Opens the files behind a name in data.yaml, for which the source was opened.
 * @param text columns of a CSV file that must stay text (leading zeros matter in text keys)
 * @param where the place in data.yaml, for errors
 */
export async function openRelation(
  source: Source,
  file: string,
  where: string,
  text: readonly string[] = [],
): Promise<Relation> {
  const format = formatOf(file);
  const name = relative(process.cwd(), file).startsWith("..") ? file : relative(process.cwd(), file);
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
  let texts = text;
  /** Of JSON lines: all columns with their types, where the database's guess is not taken. */
  let told: readonly ColumnInfo[] | null = null;
  const fields = (some: readonly ColumnInfo[]): string =>
    `{${some.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(", ")}}`;
  const asTexts = (names: readonly string[]): ColumnInfo[] => names.map((name) => ({ name, type: "VARCHAR" }));
  const sql = (some: readonly string[] = files): string => {
    const list = fileList(some);
    if (format === "parquet") return `read_parquet(${list})`;
    if (format === "json")
      return `read_json(${list}, format = 'newline_delimited'${told === null ? "" : `, columns = ${fields(told)}`})`;
    return `read_csv(${list}${texts.length > 0 ? `, types = ${fields(asTexts(texts))}` : ""})`;
  };
  let columns: ColumnInfo[];
  try {
    columns = await source.describe(`SELECT * FROM ${sql()}`);
    const list = fileList(files);
    const guessed =
      format === "parquet"
        ? []
        : await guessedDates(source, columns, (names) =>
            format === "csv"
              ? `read_csv(${list}, types = ${fields(asTexts([...text, ...names]))})`
              : `read_json(${list}, format = 'newline_delimited', columns = ${fields(asTexts(names))})`,
          );
    const dates =
      format === "json" ? columns.filter(({ name, type }) => text.includes(name) && familyOf(type) === "time") : [];
    const changed = [...guessed, ...dates.map(({ name }) => name)];
    if (changed.length > 0) {
      texts = [...new Set([...text, ...guessed])];
      if (format === "json")
        told = columns.map((column) => (changed.includes(column.name) ? { ...column, type: "VARCHAR" } : column));
      columns = await source.describe(`SELECT * FROM ${sql()}`);
    }
  } catch (cause) {
    const message = firstLines(cause);
    const absent = /Columns with names: "([^"]+)" do not exist/.exec(message);
    throw new TwinError(absent ? `${where}: ${name} has no column \`${absent[1]}\`` : `${where}: ${name}: ${message}`, {
      cause,
    });
  }
  const own = columns.find((column) => ownNames.test(column.name));
  if (own !== undefined) {
    throw new TwinError(
      `${where}: ${name} has a column \`${own.name}\`, a name that reading keeps for itself: rename it in the file`,
    );
  }
  return {
    name,
    files,
    columns: new Map(columns.map((column) => [column.name, column.type])),
    sql,
    numbered: `SELECT *, row_number() OVER () - 1 AS ${quoted(rowColumn)} FROM ${sql()}`,
  };
}

/** @throws TwinError naming the file and what was probably meant */
export function requireColumn(relation: Relation, column: string, where: string): string {
  const type = relation.columns.get(column);
  if (type !== undefined) return type;
  throw new TwinError(
    `${where}: ${relation.name} has no column \`${column}\`${meant(column, relation.columns.keys())}`,
  );
}

/**
 * The first row, file by file, for which an SQL condition holds: `movies.csv, row 17` (rows count from 1, headings apart), or null.
 * Slow on purpose: it runs only to name the place of an error.
 */
export async function locate(source: Source, relation: Relation, condition: string, skip = 0): Promise<string | null> {
  if (relation.made) return locate(source, relation.made, condition, skip);
  let passed = 0;
  for (const file of relation.files) {
    const found = await source.all(
      `SELECT "#n" AS n FROM (SELECT *, row_number() OVER () AS "#n" FROM ${relation.sql([file])}) WHERE ${condition} ORDER BY 1 LIMIT ${skip + 1 - passed}`,
    );
    if (passed + found.length > skip) {
      const name = relation.files.length === 1 ? relation.name : relative(process.cwd(), file);
      return `${name}, row ${found.at(-1)!.n}`;
    }
    passed += found.length;
  }
  return null;
}

/** An error of reading this relation: a CSV error already names its line; a failing cast names its value. */
export function readError(relation: Relation, cause: unknown): TwinError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  const file = /^\s*file = (.+)$/m.exec(text)?.[1];
  const column = /Error when converting column "([^"]+)"\. (.*)/.exec(text);
  if (line !== undefined) {
    const reason = column
      ? `column \`${column[1]}\`: ${column[2]}`
      : text
          .split("\n")
          .slice(1)
          .find((part) => part.trim() !== "" && !part.startsWith("Original Line"))
          ?.trim();
    return new TwinError(`${file ?? relation.name}, line ${line}: ${reason ?? "this row cannot be read"}`, { cause });
  }
  return new TwinError(`${relation.name}: ${firstLines(cause)}`, { cause });
}
