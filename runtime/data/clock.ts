// The clock of an event log: which column it is, in what unit or form, and the rows whose time cannot be.
import { TwinError } from "../../contract/error.ts";
import { earliest, latest } from "../encode/instant.ts";
import type { Binding, Clock } from "./binding.ts";
import { castTo, familyOf, secondsOf, secondsOfNanoseconds } from "./database/cast.ts";
import { firstLines, literal, quoted, type Source } from "./database/source.ts";
import { formOfDigits } from "./date-digits.ts";
import { textName } from "./files/reading.ts";
import { decideTypes, saysTime, textTimes, typedText } from "./files/text-types.ts";
import { rowsKey } from "./listed-binding.ts";
import { locate, type Relation, requireColumn } from "./relation.ts";
import type { Resolved } from "./resolve.ts";

/** Counts of a unit in a second. */
export const clockFactors = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  ns: 1e9,
  min: 1 / 60,
  h: 1 / 3600,
  d: 1 / 86400,
  steps: 1,
} as const;

/** SQL of the seconds (or steps) of a count: whole ones are exact. */
export const secondsOfCount = (sql: string, unit: Clock["unit"]): string =>
  clockFactors[unit] < 1 ? `(${sql} * ${Math.round(1 / clockFactors[unit])})` : `(${sql} / ${clockFactors[unit]})`;

export interface ClockColumn {
  /** Epoch seconds, or steps. */
  readonly time: Resolved;
  /** Expression of the clock's own count where it is finer than seconds in float64 can tell; else null. */
  readonly raw: string | null;
}

/** @param where the place in data.yaml, for errors @throws TwinError naming it where the column holds no times */
export async function clockOf(
  source: Source,
  relation: Relation,
  binding: Binding,
  clock: Clock,
  where = clock.unit === "steps" ? binding.place("events", "order") : binding.place(rowsKey(binding), "time"),
): Promise<ClockColumn> {
  const { column, unit, format } = clock;
  const type = requireColumn(relation, column, where);
  const base = { name: "#time", derive: null, made: "column", shown: column, use: "number" } as const;
  if (format !== undefined) {
    return formatted(source, relation, binding, column, format, type);
  }
  const family = familyOf(type);
  if (family === "text" && unit !== "steps") {
    const read = await readTexts(source, relation, column, where);
    if (read !== null) {
      return read;
    }
  }
  if (family === "time" && unit !== "steps") {
    const raw = type === "TIMESTAMP_NS" ? `epoch_ns(${quoted(column)})` : null;
    return { time: { ...base, sql: secondsOf(quoted(column), type), bad: null }, raw };
  }
  if (unit === "ns" && ["small", "whole", "huge"].includes(family)) {
    return { time: { ...base, sql: secondsOfNanoseconds(quoted(column)), bad: null }, raw: quoted(column) };
  }
  const numbers = ["small", "whole", "huge", "float"].includes(family);
  const cast = numbers ? castTo("number", quoted(column), type) : null;
  if (cast !== null) {
    return { time: { ...base, sql: secondsOfCount(cast.sql, unit), bad: cast.bad }, raw: null };
  }
  if (family === "text") {
    await refuseOddText(source, relation, column, unit);
  }
  const [text] = family === "text" && unit !== "steps" ? await textsOf(source, relation, column) : [];
  const way =
    text === undefined
      ? "seconds, milliseconds or a timestamp are due"
      : `such as ${JSON.stringify(text.slice(0, 40))}: only dates with the year first are read as they are; say how these are written, as in \`time: {column: ${column}, format: "%d/%m/%Y %H:%M:%S"}\``;
  throw new TwinError(`${where}: column \`${column}\` of ${relation.name} holds ${type}, ${text ? "" : "and "}${way}`);
}

/** @throws TwinError naming the first row whose text is no number, where most are */
async function refuseOddText(source: Source, relation: Relation, column: string, unit: Clock["unit"]): Promise<void> {
  const value = `CAST(${quoted(column)} AS VARCHAR)`;
  const odd = `${quoted(column)} IS NOT NULL AND TRY_CAST(${value} AS DOUBLE) IS NULL`;
  const [found] = await source
    .all(`SELECT count(*) FILTER (${odd})::DOUBLE AS odd, count(${quoted(column)})::DOUBLE AS n FROM ${relation.sql()}`)
    .catch(() => []);
  if (found === undefined || !(2 * Number(found.odd) < Number(found.n))) {
    return;
  }
  const place = await locate(source, relation, odd);
  if (place !== null) {
    const due = unit === "steps" ? "a number of steps" : "a number";
    throw new TwinError(
      `${place}, column \`${column}\`: this is no number, and ${due} is due, as ${Number(found.n) - Number(found.odd)} of ${Number(found.n)} rows have. Mend or remove such rows, or leave them out: \`where: 'TRY_CAST(${quoted(column)} AS DOUBLE) IS NOT NULL'\``,
    );
  }
}

/** Texts that all say a time with the year first: Parquet and JSON lines may hold them. Null where the first says none. */
async function readTexts(
  source: Source,
  relation: Relation,
  column: string,
  where: string,
): Promise<ClockColumn | null> {
  const [first] = await textsOf(source, relation, column);
  if (first === undefined || !/^\d{4}[-/]/.test(first)) {
    return null;
  }
  const base = { name: "#time", derive: null, made: "column", shown: column, use: "number" } as const;
  const [{ type }] = await decideTypes(source, relation.sql(), [column], textTimes);
  if (type !== "VARCHAR") {
    const value = typedText(quoted(column), type);
    const raw = type === "TIMESTAMP_NS" ? `epoch_ns(${value})` : null;
    return { time: { ...base, sql: secondsOf(value, type), bad: null }, raw };
  }
  const place = await locate(source, relation, `${quoted(column)} IS NOT NULL AND NOT (${saysTime(quoted(column))})`);
  throw new TwinError(
    place === null
      ? `${where}: column \`${column}\` of ${relation.name} holds times with zones and with nanoseconds: write them alike`
      : `${place}, column \`${column}\`: this is no time with the year first, as the first row has one`,
  );
}

async function textsOf(source: Source, relation: Relation, column: string): Promise<string[]> {
  const name = quoted(column);
  const sql = `SELECT CAST(${name} AS VARCHAR) AS v FROM ${relation.sql()} WHERE ${name} IS NOT NULL LIMIT 1`;
  return (await source.all(sql).catch(() => [])).map(({ v }) => String(v));
}

/** Texts, or numbers such as 20180630, in the form that data.yaml gives: strict, and UTC where the form has no zone. */
async function formatted(
  source: Source,
  relation: Relation,
  binding: Binding,
  column: string,
  format: string,
  type: string,
): Promise<ClockColumn> {
  const where = binding.place(rowsKey(binding), "time", "format");
  const family = relation.texts.has(column) ? "text" : familyOf(type);
  if (!["text", "small", "whole", "float"].includes(family)) {
    const way = family === "time" ? "it is read as it is, so leave `format` out" : "a format is for texts";
    throw new TwinError(`${where}: column \`${column}\` of ${relation.name} holds ${type}: ${way}`);
  }
  const written = relation.texts.has(column)
    ? quoted(textName(column))
    : family === "float"
      ? digitsOf(quoted(column))
      : `CAST(${quoted(column)} AS VARCHAR)`;
  const parsed = `try_strptime(${written}, ${literal(format)})`;
  const [{ type: found }] = await source.describe(`SELECT ${parsed} AS value FROM ${relation.sql()}`).catch((cause) => {
    const reason = firstLines(cause).replace(/^Failed to parse format specifier /, "");
    throw new TwinError(`${where}: no format: ${reason}. Write it as strptime does, such as "%d/%m/%Y %H:%M:%S"`, {
      cause,
    });
  });
  const sql = secondsOf(parsed, found);
  return {
    time: {
      name: "#time",
      derive: null,
      made: "column",
      shown: column,
      use: "number",
      due: `times like \`${format}\``,
      // A failure of the query, not a missing time: the row is then named with its value.
      sql: `CASE WHEN ${quoted(column)} IS NULL THEN NULL WHEN ${parsed} IS NULL THEN error('no time') ELSE ${sql} END`,
      bad: `${quoted(column)} IS NOT NULL AND ${parsed} IS NULL`,
    },
    raw: found === "TIMESTAMP_NS" ? `epoch_ns(${parsed})` : null,
  };
}

/** A whole number's digits where it is held as a float, as it is where a column has gaps; else null. */
const digitsOf = (e: string): string =>
  `CASE WHEN ${e} = trunc(${e}) AND abs(${e}) < 9007199254740992 THEN CAST(CAST(${e} AS BIGINT) AS VARCHAR) END`;

/** Says why a time cannot be. @throws TwinError naming the row */
export async function refuseTime(
  source: Source,
  relation: Relation,
  time: Resolved,
  { unit, format }: Clock,
  value: number | null,
): Promise<never> {
  const column = `column \`${time.shown}\``;
  if (value === null || Number.isNaN(value)) {
    const place = await locate(source, relation, `${time.sql} IS NULL OR isnan(${time.sql})`);
    throw new TwinError(`${place ?? relation.name}, ${column}: the time is missing; every event needs one`);
  }
  if (unit === "steps") {
    const place = await locate(source, relation, `isinf(${time.sql})`);
    throw new TwinError(`${place ?? relation.name}, ${column}: ${value} is no number of steps; a finite one is due`);
  }
  const place = await locate(source, relation, `NOT (${time.sql} BETWEEN ${earliest} AND ${latest})`);
  const guess = (["ms", "us", "ns", "min", "h", "d"] as const).find((one) => {
    const seconds = value / clockFactors[one];
    return seconds >= earliest && seconds <= latest;
  });
  const form = formOfDigits(value * clockFactors[unit]);
  const way =
    format !== undefined
      ? `is it written as \`${format}\` says?`
      : form !== null
        ? `${value * clockFactors[unit]} looks like a date in digits: write \`time: {column: ${time.shown}, format: "${form}"}\``
        : unit === "s" && guess
          ? `it looks like ${guess}: write \`time: {column: ${time.shown}, unit: ${guess}}\`${guess.length < 2 || guess === "min" ? `, or \`order: ${time.shown}\` where there is no clock` : ""}`
          : `is the unit right? It is read as ${unit}; where there is no clock write \`order: ${time.shown}\``;
  throw new TwinError(`${place ?? relation.name}, ${column}: ${value} seconds lie outside 1990–2100; ${way}`);
}

/** Events of one user that the clock tells apart and seconds in float64 do not. @param select of all events */
export async function mergedInstants(source: Source, select: string, raw: string): Promise<number> {
  const [row] = await source.all(
    `SELECT coalesce(sum(n), 0)::DOUBLE AS n FROM (SELECT count(*) AS n FROM (${select}) GROUP BY "#user", "#time" HAVING count(DISTINCT ${raw}) > 1)`,
  );
  return Number(row.n);
}
