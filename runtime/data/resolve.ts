// From a feature's or label's name to the expression that yields its raw values, and from a failed read to the row that caused it.
import { type Encoder, isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { vectorOf } from "../../contract/vocabulary-name.ts";
import type { Derivation } from "../encode/derive.ts";
import type { Binding } from "./binding.ts";
import { castTo, due, familyOf, type Use } from "./database/cast.ts";
import { firstLines, quoted, type Source } from "./database/source.ts";
import { requireExpression } from "./expression.ts";
import { readError } from "./files/read-error.ts";
import { textName } from "./files/reading.ts";
import { guardedRow, locate, type Relation, readAsIds, requireColumn, rowColumn } from "./relation.ts";

/** Uses in which values are names of something, and no two may become one. */
const idUses: ReadonlySet<Use> = new Set(["int64", "text", "identity", "whole"]);

export interface Wanted {
  /** `item.genres`, `predict.click`: the name in `columns:` and of the resulting column. */
  readonly name: string;
  /** The name in `columns:`, where it is another: clusters are read from their vector's column. */
  readonly bound?: string;
  /** The column that serves where `columns:` says nothing, in order of preference. */
  readonly defaults: readonly string[];
  readonly use: Use;
}

export interface Resolved {
  readonly name: string;
  readonly sql: string;
  readonly bad: string | null;
  readonly derive: Derivation | null;
  /** `sql`: serving cannot compute it, the caller of `rank` must supply it. */
  readonly made: "column" | "derivation" | "sql";
  /** For messages: the column or expression. */
  readonly shown: string;
  readonly use: Use;
  /** What is due in each row, in words, where it is not what the use says. */
  readonly due?: string;
  /** Expression of what is wrong with a row for which `bad` holds, where more can be said than what is due. */
  readonly why?: string;
}

/** What a feature's raw values are used as; null where nothing is read (it is computed). */
export function useOf(encoder: Encoder): Use | null {
  if (isComputed(encoder)) {
    return null;
  }
  switch (encoder.kind) {
    case "id":
      return "whole";
    case "vocabulary":
    case "hashed":
      return "identity";
    case "key":
      return encoder.type === "int64" ? "int64" : "text";
    case "bucketed":
    case "number":
    case "members":
      return "number";
    case "flag":
      return "flag";
    case "tags":
      return "tags";
    case "pretrained":
    case "centroid":
      return "vector";
  }
}

export function wantedOf(feature: FeatureSpec): Wanted | null {
  const use = useOf(feature.encoder);
  if (use === null) {
    return null;
  }
  const { encoder, formerly } = feature;
  const bound = encoder.kind === "centroid" ? { bound: encoder.of } : {};
  // `cover_old.cluster_8`: the column of a vector that was called `cover_old`.
  const former = encoder.kind === "centroid" && formerly ? vectorOf(formerly) : formerly;
  return {
    name: feature.name,
    ...bound,
    defaults: former ? [feature.column, former] : [feature.column],
    use,
  };
}

/** Whether `columns:` or a column of the relation provides it. */
export function provides(relation: Relation, binding: Binding, wanted: Wanted): boolean {
  return (
    Object.hasOwn(binding.columns, wanted.bound ?? wanted.name) ||
    wanted.defaults.some((column) => relation.columns.has(column))
  );
}

/** @throws TwinError naming the place in data.yaml, the file and the column */
export async function resolve(source: Source, relation: Relation, binding: Binding, wanted: Wanted): Promise<Resolved> {
  const bound = wanted.bound ?? wanted.name;
  const written = binding.columns[bound];
  const where = binding.place("columns", bound);
  if (written !== undefined && written.kind !== "sql") {
    const type = requireColumn(relation, written.column, where);
    const use: Use = written.kind === "split" ? "text" : written.kind === "map" ? "raw" : "number";
    // What is split, and what has a time in it, counts as it is written.
    const asText =
      relation.texts.has(written.column) && (use === "text" || (use === "raw" && familyOf(type) === "time"));
    const read = asText
      ? { sql: quoted(textName(written.column)), type: "VARCHAR" }
      : { sql: quoted(written.column), type };
    const part = await finish(source, wanted.name, read.sql, written.column, read.type, use, relation, where);
    return { ...part, derive: written, made: "derivation" };
  }
  if (written === undefined || relation.columns.has(written.sql)) {
    const column = written?.sql ?? wanted.defaults.find((name) => relation.columns.has(name)) ?? wanted.defaults[0];
    const place = written ? where : `${binding.path}: ${wanted.name}`;
    const held = requireColumn(relation, column, place);
    const { sql, type } = idUses.has(wanted.use)
      ? await readAsIds(source, relation, column)
      : { sql: quoted(column), type: held };
    return {
      ...(await finish(source, wanted.name, sql, column, type, wanted.use, relation, place)),
      derive: null,
      made: written !== undefined && relation.computed?.has(column) ? "sql" : "column",
    };
  }
  const { sql, type } = await expression(source, relation, written.sql, where);
  return {
    ...(await finish(source, wanted.name, sql, written.sql, type, wanted.use, relation, where)),
    derive: null,
    made: "sql",
  };
}

/**
 * An SQL expression of the user's, as it may be pasted into a query, and its type.
 * @throws TwinError with the place, and where the database does not take it with its own words
 */
export async function expression(
  source: Source,
  relation: Relation,
  text: string,
  where: string,
): Promise<{ readonly sql: string; readonly type: string }> {
  const sql = await requireExpression(source, relation, text, where);
  try {
    const [{ type }] = await source.describe(`SELECT ${sql} AS value FROM ${relation.sql()}`);
    return { sql, type };
  } catch (cause) {
    throw new TwinError(`${where}: \`${text}\` is no expression over ${relation.name}: ${firstLines(cause)}`, {
      cause,
    });
  }
}

/** An SQL condition of the user's, as it may be pasted into a query. @throws TwinError with its place */
export async function condition(source: Source, relation: Relation, text: string, where: string): Promise<string> {
  const { sql, type } = await expression(source, relation, text, where);
  if (type !== "BOOLEAN") {
    throw new TwinError(`${where}: \`${text}\` is ${type}; a condition (true or false) is due`);
  }
  return sql;
}

async function finish(
  source: Source,
  name: string,
  sql: string,
  shown: string,
  type: string,
  use: Use,
  relation: Relation,
  where: string,
) {
  const cast = castTo(use, sql, type);
  if (cast !== null) {
    return { name, sql: cast.sql, bad: cast.bad, shown, use };
  }
  const way =
    use === "tags" && type === "VARCHAR"
      ? await splitWay(source, relation, name, shown)
      : `; convert it in data.yaml: \`${name}: "CAST(${shown} AS …)"\``;
  throw new TwinError(`${where}: column \`${shown}\` of ${relation.name} holds ${type}, and ${due[use]} are due${way}`);
}

/** How a text that is a list gets split, by its first value. */
async function splitWay(source: Source, relation: Relation, name: string, shown: string): Promise<string> {
  const there = `${quoted(shown)} IS NOT NULL`;
  const [row] = relation.columns.has(shown)
    ? await source.all(`SELECT ${quoted(shown)} AS v FROM ${relation.sql()} WHERE ${there} LIMIT 1`).catch(() => [])
    : [];
  const value = row === undefined ? "" : String(row.v);
  const place = row === undefined ? null : await locate(source, relation, there).catch(() => null);
  const seen = place === null ? "" : `; in ${place} it is ${JSON.stringify(value.slice(0, 60))}`;
  if (/^\s*\[.*\]\s*$/.test(value)) {
    return `${seen}; read it as a list: \`${name}: "CAST(${shown} AS VARCHAR[])"\``;
  }
  const by = /[|;^#/]|,\s?|::| /.exec(value)?.[0] ?? "|";
  return `${seen}; split it: \`${name}: {split: {column: ${shown}, by: ${JSON.stringify(by)}}}\``;
}

/** `expression AS "name"` of each. */
export function selection(columns: readonly Resolved[]): string {
  return columns.map((column) => `${column.sql} AS ${quoted(column.name)}`).join(", ");
}

/** What a message says of the value of the first row that does not fit; of an expression nothing. */
async function firstValue(source: Source, relation: Relation, { name, shown, bad, use }: Resolved): Promise<string> {
  if (!relation.columns.has(shown)) {
    return "";
  }
  const rows = `SELECT CAST(${quoted(shown)} AS VARCHAR) AS v FROM (${relation.numbered}) WHERE ${bad} ORDER BY ${quoted(rowColumn)} LIMIT 1`;
  const [row] = await source.all(rows).catch(() => []);
  if (row === undefined) {
    return "";
  }
  if (row.v === null) {
    return ", and it is missing";
  }
  const value = String(row.v);
  const dated = use === "number" && !name.startsWith("#") && /^\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}/.test(value);
  const way = dated ? `; of a date write \`${name}: "strptime(${shown}, '%d/%m/%Y')"\`` : "";
  return `, and it is ${JSON.stringify(value.slice(0, 60))}${way}`;
}

async function whyOf(source: Source, relation: Relation, { bad, why, due: wanted }: Resolved): Promise<string> {
  const rows = `SELECT ${why} AS v FROM (${relation.numbered}) WHERE ${bad} ORDER BY ${quoted(rowColumn)} LIMIT 1`;
  const [row] = await source.all(rows);
  return String(row?.v ?? `this value does not fit; ${wanted} are due`);
}

/** Turns a failed read into an error that names file, column and row, by searching for the row that did not fit. */
export function explainRead(source: Source, relation: Relation, columns: readonly Resolved[]) {
  return async (cause: unknown): Promise<TwinError> => {
    if (cause instanceof TwinError) {
      return cause;
    }
    const guarded = await guardedRow(source, relation, cause);
    if (guarded !== null) {
      return guarded;
    }
    for (const column of columns) {
      if (column.bad === null) {
        continue;
      }
      try {
        const place = await locate(source, relation, column.bad);
        if (place !== null) {
          if (column.why !== undefined) {
            return new TwinError(`${place}, column \`${column.shown}\`: ${await whyOf(source, relation, column)}`, {
              cause,
            });
          }
          const value = await firstValue(source, relation, column);
          return new TwinError(
            `${place}, column \`${column.shown}\`: this value does not fit; ${column.due ?? due[column.use]} are due${value}`,
            { cause },
          );
        }
      } catch {
        // The search met the same unreadable row: what the reader said of it follows.
      }
    }
    return readError(source, relation, cause);
  };
}
