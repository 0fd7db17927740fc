// What a reader of one file format finds out, and how its rows are selected with the types that were decided over all files.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { attempt } from "../../host/files.ts";
import type { ColumnInfo, Source } from "../database/source.ts";
import type { Renamed } from "./headings.ts";

/** Rows that cannot be brought to their column's type over all files. */
export interface Guard {
  readonly column: string;
  /** Condition over the columns of `raw`. */
  readonly bad: string;
  readonly why: string;
  /** Files that have such rows at most. */
  readonly files: readonly string[];
  /** Those files as they are. */
  raw(file: string): string;
}

export interface Reading {
  /** With the type over all files. */
  readonly columns: readonly ColumnInfo[];
  /** Columns whose text, as it is written, stands beside them as `textName`. */
  readonly texts: ReadonlySet<string>;
  /** By column, the files that do not have it. */
  readonly absent: ReadonlyMap<string, readonly string[]>;
  readonly guards: readonly Guard[];
  /** What separates fields of CSV, where it is the same in all files. */
  readonly separator?: string;
  /** Headings that come twice, and what their columns are called. */
  readonly renamed: readonly Renamed[];
  /** Whether there is not a single row. */
  readonly empty: boolean;
  /** How many rows there are, where the files' ends say it. */
  readonly rows?: number | null;
  /** A relation of the rows of files, in the order of the files. */
  sql(files: readonly string[]): string;
}

/** Name of the column that holds another one's text as it is written. */
export const textName = (column: string): string => `#text ${column}`;

/** Whether a relation has not a single row. */
export async function isEmpty(source: Source, rows: string): Promise<boolean> {
  return (await source.all(`SELECT 1 AS one FROM ${rows} LIMIT 1`)).length === 0;
}

/** Files in a row that are read alike, with what is known of them; files of which nothing is known are left out. */
export function runsOf<T>(files: readonly string[], of: (file: string) => T | undefined): { files: string[]; of: T }[] {
  const runs: { files: string[]; of: T }[] = [];
  for (const file of files) {
    const found = of(file);
    if (found === undefined) {
      continue;
    }
    const last = runs.at(-1);
    if (last !== undefined && last.of === found) {
      last.files.push(file);
    } else {
      runs.push({ files: [file], of: found });
    }
  }
  return runs;
}

const remembered = new Map<string, unknown>();
const most = 64;

/** What was found out about files is found out once in a process, as long as they stay as they are. */
export async function once<T>(what: string, files: readonly string[], find: () => Promise<T>): Promise<T> {
  const hash = createHash("sha256").update(what);
  for (const file of files) {
    const { size, mtimeNs, ino } = attempt("read", file, () => statSync(file, { bigint: true }));
    hash.update(`\0${file}\0${size}\0${mtimeNs}\0${ino}`);
  }
  const key = hash.digest("hex");
  const known = remembered.get(key);
  if (known !== undefined) {
    return known as T;
  }
  const found = await find();
  remembered.set(key, found);
  if (remembered.size > most) {
    const [oldest] = remembered.keys();
    remembered.delete(oldest);
  }
  return found;
}
