// What the columns of a file hold, from its first rows: types, how many different values, range, quantiles, gaps.
import { familyOf, secondsOf } from "../database/cast.ts";
import { numberList, quoted, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { type Dated, datesOf } from "./date-forms.ts";

/** Rows that are looked at. */
export const looked = 1_000_000;
/** Values that one scan of the files holds: some columns, in all those rows. */
const held = 50_000_000;

/** Share of texts with a `|` from which on they are lists. */
const someParted = 0.2;
/** So many different numbers are listed. */
const few = 24;

const points = "[0.1, 0.25, 0.5, 0.75, 0.8, 0.9]";

export interface Profile {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  readonly family: ReturnType<typeof familyOf>;
  readonly rows: number;
  readonly different: number;
  /** Share of missing values. */
  readonly missing: number;
  /** Of numbers and times (seconds); null elsewhere. */
  readonly range: { readonly min: number; readonly max: number; readonly quantiles: readonly number[] } | null;
  /** Of texts that are dates in a form of their own, as `03/09/2020`. */
  readonly dated: Dated | null;
  /** Of what can be a name: values that come often enough to be learned, and the share of the rows that have one of them. */
  readonly often: { readonly values: number; readonly share: number } | null;
  /** Of numbers with few different values: all of them, ascending. */
  readonly values: readonly number[] | null;
  /** Of texts of which many have a `|` in them: their parts, and how many 99 % of them do not exceed. */
  readonly tags: { readonly different: number; readonly most: number } | null;
  /** The same of lists, and whether all are of one length. */
  readonly list: (NonNullable<Profile["tags"]> & { readonly floats: boolean; readonly even: boolean }) | null;
}

/**
 * Many columns at a time are taken from the files, since a scan of text reads all of them whatever is asked for.
 * @param only these of the columns @param told after each column
 */
export async function profile(
  source: Source,
  relation: Relation,
  only?: readonly string[],
  told: () => void = () => {},
): Promise<Profile[]> {
  const columns = [...relation.columns].filter(([name]) => only === undefined || only.includes(name));
  const profiles: Profile[] = [];
  const table = quoted(`#looked ${tables++}`);
  try {
    const [{ n }] = await source.all(
      `SELECT count(*)::DOUBLE AS n FROM (SELECT 1 FROM ${relation.sql()} LIMIT ${looked})`,
    );
    const each = Math.max(1, Math.floor(held / Math.max(1, Number(n))));
    for (let start = 0; start < columns.length; start += each) {
      const some = columns.slice(start, start + each);
      const names = some.map(([name]) => quoted(name)).join(", ");
      await source.all(
        `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT ${names} FROM ${relation.sql()} LIMIT ${looked}`,
      );
      for (const [name, type] of some) {
        profiles.push(await profileOf(source, table, name, type));
        told();
      }
    }
    await source.all(`DROP TABLE IF EXISTS ${table}`);
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
  return profiles;
}

/** Tables of columns that are looked at: some are looked at side by side. */
let tables = 0;

/** @param rows a table, or a select in brackets */
export async function profileOf(source: Source, rows: string, name: string, type: string): Promise<Profile> {
  const family = familyOf(type);
  const column = quoted(name);
  const numbers = ["small", "whole", "huge", "float"].includes(family);
  const value = family === "time" ? secondsOf(column, type) : numbers ? `${column}::DOUBLE` : null;
  const asked = [
    "count(*)::DOUBLE AS rows",
    `count(DISTINCT ${column})::DOUBLE AS different`,
    `count(${column})::DOUBLE AS present`,
  ];
  if (value !== null) {
    asked.push(`min(${value}) AS least`, `max(${value}) AS most`);
    asked.push(`quantile_cont(${value}, ${points}) AS quantiles`);
  }
  if (family === "text") {
    asked.push(`avg(contains(${column}::VARCHAR, '|')::INTEGER) AS parted`);
  }
  if (family === "list") {
    asked.push(`count(DISTINCT len(${column}))::DOUBLE AS lengths`);
  }
  const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${rows}`);
  const total = Number(row.rows);
  const different = Number(row.different);
  const parted = Number(row.parted ?? 0) > someParted;
  return {
    name,
    type,
    family,
    rows: total,
    different,
    missing: total === 0 ? 0 : 1 - Number(row.present) / total,
    range:
      value !== null && row.least !== null
        ? { min: Number(row.least), max: Number(row.most), quantiles: numberList(row.quantiles) }
        : null,
    dated: type === "VARCHAR" ? await datesOf(source, rows, name, points) : null,
    often: ["small", "whole", "huge", "text"].includes(family) && !parted ? await oftenIn(source, rows, column) : null,
    values: value !== null && different <= few ? await valuesIn(source, rows, value) : null,
    tags: parted ? await tagsIn(source, rows, `string_split(${column}::VARCHAR, '|')`) : null,
    list: family === "list" ? await listsIn(source, rows, column, type, Number(row.lengths) === 1) : null,
  };
}

/** Rows from which on a value teaches a row of its own more than noise. */
export const oftenEnough = 5;

/** Values of a column that come so often. @param rows a table, or a select in brackets */
export async function oftenIn(source: Source, rows: string, column: string): Promise<NonNullable<Profile["often"]>> {
  const each = `SELECT count(*) AS n FROM ${rows} WHERE ${column} IS NOT NULL GROUP BY ${column}`;
  const [row] = await source.all(
    `SELECT count(*) FILTER (n >= ${oftenEnough})::DOUBLE AS often, coalesce(sum(n) FILTER (n >= ${oftenEnough}) / sum(n), 0)::DOUBLE AS share FROM (${each})`,
  );
  return { values: Number(row.often), share: Number(row.share) };
}

async function valuesIn(source: Source, rows: string, value: string): Promise<number[]> {
  const found = await source.all(`SELECT DISTINCT ${value} AS v FROM ${rows} WHERE isfinite(${value}) ORDER BY v`);
  return found.map(({ v }) => Number(v));
}

async function tagsIn(source: Source, rows: string, list: string): Promise<NonNullable<Profile["tags"]>> {
  const [row] = await source.all(
    `SELECT (SELECT count(DISTINCT tag) FROM (SELECT unnest(${list}) AS tag FROM ${rows}))::DOUBLE AS different, quantile_disc(len(${list}), 0.99)::DOUBLE AS most FROM ${rows}`,
  );
  return { different: Number(row.different), most: Math.max(1, Number(row.most ?? 1)) };
}

async function listsIn(
  source: Source,
  rows: string,
  column: string,
  type: string,
  even: boolean,
): Promise<NonNullable<Profile["list"]>> {
  const floats = /^(FLOAT|DOUBLE|DECIMAL)/.test(type);
  return { ...(await tagsIn(source, rows, column)), floats, even };
}
