// What the columns of a file hold, from its first rows: types, how many different values, range, quantiles, gaps.
import { familyOf, secondsOf } from "../database/cast.ts";
import { numberList, quoted, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { type Dated, datesOf } from "./date-forms.ts";

/** Rows that are looked at. */
const looked = 1_000_000;

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
  /** Of texts: share that has a `|` in it. Of lists: the 95 % longest, and whether all are of one length. */
  readonly parted: number;
  readonly list: { readonly floats: boolean; readonly most: number; readonly even: boolean } | null;
}

/** @param only these of the columns */
export async function profile(source: Source, relation: Relation, only?: readonly string[]): Promise<Profile[]> {
  const rows = `(SELECT * FROM ${relation.sql()} LIMIT ${looked})`;
  const profiles: Profile[] = [];
  for (const [name, type] of relation.columns) {
    if (only !== undefined && !only.includes(name)) {
      continue;
    }
    try {
      profiles.push(await profileOf(source, rows, name, type));
    } catch (cause) {
      throw await readError(source, relation, cause);
    }
  }
  return profiles;
}

async function profileOf(source: Source, rows: string, name: string, type: string): Promise<Profile> {
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
    asked.push(`quantile_disc(len(${column}), 0.95)::DOUBLE AS longest`);
    asked.push(`count(DISTINCT len(${column}))::DOUBLE AS lengths`);
  }
  const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${rows}`);
  const total = Number(row.rows);
  return {
    name,
    type,
    family,
    rows: total,
    different: Number(row.different),
    missing: total === 0 ? 0 : 1 - Number(row.present) / total,
    range:
      value !== null && row.least !== null
        ? { min: Number(row.least), max: Number(row.most), quantiles: numberList(row.quantiles) }
        : null,
    dated: type === "VARCHAR" ? await datesOf(source, rows, name, points) : null,
    parted: Number(row.parted ?? 0),
    list:
      family === "list"
        ? {
            floats: /^(FLOAT|DOUBLE|DECIMAL)/.test(type),
            most: Math.max(1, Number(row.longest ?? 1)),
            even: Number(row.lengths) === 1,
          }
        : null,
  };
}
