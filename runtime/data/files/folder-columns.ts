// Columns that stand in the names of folders, `day=2020-01-01/events.parquet`: as they are written, and as their values say.
import { sep } from "node:path";
import { type ColumnInfo, literal, quoted } from "../database/source.ts";
import { textName } from "./reading.ts";

export interface Folders {
  readonly columns: readonly ColumnInfo[];
  readonly texts: readonly string[];
  /** `, value AS "name"` of each, and their texts. */
  readonly select: string;
  /** How the database is told to read them. */
  readonly options: string;
}

const canonical = /^(?:0|-?[1-9]\d{0,17})$/;
const day = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/**
 * Null where not all files lie in folders of the same names, or where a file has such a column of its own, which counts.
 * @param own names of the files' own columns
 */
export function foldersOf(files: readonly string[], own: readonly string[]): Folders | null {
  const pairs = files.map((file) => new Map(file.split(sep).slice(0, -1).flatMap(pairOf)));
  const names = [...(pairs[0]?.keys() ?? [])];
  if (names.length === 0 || !pairs.every((own) => own.size === names.length && names.every((name) => own.has(name)))) {
    return null;
  }
  if (own.some((name) => names.some((other) => other.toLowerCase() === name.toLowerCase()))) {
    return null;
  }
  const columns = names.map((name) => {
    const values = pairs.map((own) => own.get(name) ?? absent).filter((value) => value !== absent);
    const all = (pattern: RegExp): boolean => values.length > 0 && values.every((value) => pattern.test(value));
    return { name, type: all(canonical) ? "BIGINT" : all(day) ? "DATE" : "VARCHAR" };
  });
  const value = (name: string): string => `nullif(${quoted(name)}, ${literal(absent)})`;
  const texts = columns.filter(({ type }) => type === "DATE").map(({ name }) => name);
  const select = [
    ...columns.map(({ name, type }) => `CAST(${value(name)} AS ${type}) AS ${quoted(name)}`),
    ...texts.map((name) => `${value(name)} AS ${quoted(textName(name))}`),
  ];
  return {
    columns,
    texts,
    select: select.map((one) => `, ${one}`).join(""),
    options: "hive_partitioning = true, hive_types_autocast = false",
  };
}

/** What Hive and Spark write for a missing value. */
const absent = "__HIVE_DEFAULT_PARTITION__";

function pairOf(folder: string): [string, string][] {
  const found = /^([^=]+)=(.*)$/.exec(folder);
  return found ? [[found[1], decoded(found[2])]] : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
