// The types of columns that are written as text, decided over all rows: no row is read as something that it does not say.
import { type ColumnInfo, quoted, type Source } from "../database/source.ts";

const date = String.raw`\d{4}[-/]\d{1,2}[-/]\d{1,2}`;
const clock = (digits: string): string => String.raw`[T ]\d{2}:\d{2}(:\d{2}(\.\d${digits})?)?`;
const zone = String.raw`(Z|[+-]\d{2}(:?\d{2})?)?`;
const matches = (e: string, pattern: string): string => `regexp_full_match(${e}, '${pattern}')`;
const castable = (e: string, type: string): string => `TRY_CAST(${e} AS ${type}) IS NOT NULL`;

interface Candidate {
  readonly type: string;
  /** A condition on a text that is there: it says a value of this type, and nothing is lost. */
  readonly holds: (e: string) => string;
}

/** From the narrowest on. What none of them holds for stays text. */
const candidates: readonly Candidate[] = [
  // Digits come back as they were written: 0017, 1_7, 0x1F and 17.6 do not.
  { type: "BIGINT", holds: (e) => `coalesce(CAST(TRY_CAST(${e} AS BIGINT) AS VARCHAR) = ${e}, false)` },
  { type: "BOOLEAN", holds: (e) => `lower(${e}) IN ('true', 'false')` },
  {
    type: "DOUBLE",
    holds: (e) =>
      `(${matches(e, String.raw`[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?`)} AND ${castable(e, "DOUBLE")}) OR ${notNumbers(e)}`,
  },
  { type: "DATE", holds: (e) => `${matches(e, date)} AND ${castable(e, "DATE")}` },
  { type: "TIMESTAMP", holds: (e) => `${matches(e, `${date}(${clock("{1,6}")})?`)} AND ${castable(e, "TIMESTAMP")}` },
  {
    type: "TIMESTAMP_NS",
    holds: (e) => `${matches(e, `${date}(${clock("{1,9}")})?`)} AND ${castable(e, "TIMESTAMP_NS")}`,
  },
  {
    type: "TIMESTAMP WITH TIME ZONE",
    holds: (e) => `${matches(e, `${date}(${clock("{1,6}")}${zone})?`)} AND ${castable(e, "TIMESTAMPTZ")}`,
  },
];

/** Types of texts that are times. */
export const textTimes = ["DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"];

/** A condition that a text is a time in one of those types. */
export const saysTime = (e: string): string =>
  candidates
    .filter(({ type }) => textTimes.includes(type))
    .map(({ holds }) => `(${holds(e)})`)
    .join(" OR ");

/** NaN, as other systems write numbers that are missing. */
const notNumbers = (e: string): string => `lower(${e}) = 'nan'`;

/** How a text becomes a value of a type that was decided for its column. */
export function typedText(e: string, type: string): string {
  if (type === "VARCHAR") {
    return e;
  }
  return `CAST(${e} AS ${type})`;
}

/** Whole numbers as other systems write them where a column had to hold missing ones, too: 12.0. */
const wholeFloat = String.raw`-?(0|[1-9]\d*)(\.0*)?`;

/** Rows that a first guess is made from; every guess is held against all rows. */
const sampled = 2048;

/**
 * @param rows a relation whose columns are texts
 * @param names the columns to decide
 * @param only types that may be found; all where not said
 */
export async function decideTypes(
  source: Source,
  rows: string,
  names: readonly string[],
  only: readonly string[] = candidates.map(({ type }) => type),
): Promise<ColumnInfo[]> {
  const allowed = candidates.filter(({ type }) => only.includes(type));
  let open: Open[] = names.map((name) => ({ name, left: allowed }));
  const decided = new Map<string, string>();
  const sample = quoted(`#sample ${samples++}`);
  const kept = names.map(quoted).join(", ") || "1";
  await source.all(`CREATE TEMP TABLE ${sample} AS SELECT ${kept} FROM ${rows} LIMIT ${sampled}`);
  const padded = await paddedOf(source, sample, names);
  const held = (from: string, some: readonly Open[], part = false): Promise<Open[]> =>
    holding(source, from, some, padded, part);
  open = await held(sample, open, true);
  // One candidate a column over all rows, the narrowest that the sample allows; where it fails, all that are wider.
  const first = open.filter(({ left }) => left.length > 0).map(({ name, left }) => ({ name, left: left.slice(0, 1) }));
  const passed = await held(rows, first);
  const failed: typeof open = [];
  for (const { name, left } of open) {
    const found = passed.find((one) => one.name === name);
    if (left.length > 0 && (found?.left.length ?? 0) > 0) {
      decided.set(name, left[0].type);
    } else if (left.length > 1) {
      failed.push({ name, left: left.slice(1) });
    }
  }
  for (const { name, left } of await held(rows, failed)) {
    if (left.length > 0) {
      decided.set(name, left[0].type);
    }
  }
  const doubles = names.filter((name) => decided.get(name) === "DOUBLE");
  const digits = await onlyDigits(source, sample, doubles, true);
  for (const name of await onlyDigits(source, rows, digits)) {
    decided.delete(name);
  }
  await source.all(`DROP TABLE ${sample}`);
  return names.map((name) => ({ name, type: decided.get(name) ?? "VARCHAR" }));
}

/** Tables of samples: some are looked at side by side. */
let samples = 0;

interface Open {
  readonly name: string;
  readonly left: readonly Candidate[];
}

/** Conditions in one query: what the database takes to plan one grows with their square. */
const most = 128;

/** Pieces with so many conditions at most, or of one column. */
function pieces(open: readonly Open[]): Open[][] {
  const cut: Open[][] = [];
  let conditions = most;
  for (const one of open) {
    conditions += one.left.length;
    if (conditions > most) {
      cut.push([]);
      conditions = one.left.length;
    }
    cut[cut.length - 1].push(one);
  }
  return cut;
}

/** The candidates that hold in all rows. @param part whether there may be more rows, so that no value says nothing */
async function holding(
  source: Source,
  rows: string,
  open: readonly Open[],
  padded: ReadonlySet<string>,
  part: boolean,
): Promise<Open[]> {
  const asked = open.filter(({ left }) => left.length > 0);
  const kept = new Map<string, readonly Candidate[]>();
  for (const some of pieces(asked)) {
    const selected = some.flatMap(({ name, left }, i) => {
      const column = quoted(name);
      return left.map(({ type, holds }, c) => {
        const e = padded.has(name) && (type === "BIGINT" || type === "DOUBLE") ? `trim(${column})` : column;
        return `bool_and(${holds(e)}) FILTER (${column} IS NOT NULL) AS "${i} ${c}"`;
      });
    });
    const [row] = await source.all(`SELECT ${selected.join(", ")} FROM ${rows}`);
    some.forEach(({ name, left }, i) => {
      // Null: there was no value at all, and a column without one is text.
      kept.set(
        name,
        left.filter((_, c) => row[`${i} ${c}`] === true || (part && row[`${i} ${c}`] === null)),
      );
    });
  }
  return open.map(({ name, left }) => ({ name, left: kept.get(name) ?? left }));
}

/** Columns whose values stand between spaces, as in `1, 2, 3`. */
async function paddedOf(source: Source, rows: string, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) {
    return new Set();
  }
  const asked = names.map((name, i) => `bool_or(${quoted(name)} <> trim(${quoted(name)})) AS "${i}"`);
  const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${rows}`);
  return new Set(names.filter((_, i) => row[String(i)] === true));
}

/** Columns of whole numbers of which some are beyond 64 bits: names of something, which float64 would round. */
async function onlyDigits(source: Source, rows: string, names: readonly string[], part = false): Promise<string[]> {
  if (names.length === 0) {
    return [];
  }
  const asked = names.map((name, i) => {
    const e = `trim(${quoted(name)})`;
    const far = `length(${e}) > 15 AND TRY_CAST(regexp_replace(${e}, '\\.0*$', '') AS BIGINT) IS NULL`;
    return `coalesce(bool_and(${matches(e, wholeFloat)}) FILTER (NOT ${notNumbers(e)}), true)${part ? "" : ` AND bool_or(${far})`} AS "${i}"`;
  });
  const [row] = await source.all(`SELECT ${asked.join(", ")} FROM ${rows}`);
  return names.filter((_, i) => row[String(i)] === true);
}

/** A text as a whole number of 64 bits, 12.0 as 12 and `nan` as missing; anything else fails. */
export function wholeNumberText(e: string): { readonly sql: string; readonly bad: string } {
  const digits = `regexp_replace(${e}, '\\.0*$', '')`;
  const none = `${e} IS NULL OR ${notNumbers(e)}`;
  const fits = `${matches(e, wholeFloat)} AND TRY_CAST(${digits} AS BIGINT) IS NOT NULL`;
  return {
    // Digits that come back as they are need no further look.
    sql: `CASE WHEN CAST(TRY_CAST(${e} AS BIGINT) AS VARCHAR) = ${e} THEN CAST(${e} AS BIGINT) WHEN ${none} THEN NULL WHEN ${fits} THEN CAST(${digits} AS BIGINT) ELSE error('no whole number') END`,
    bad: `NOT (${none}) AND NOT (${fits})`,
  };
}

export interface AsIds {
  readonly sql: string;
  readonly type: string;
}

/**
 * How ids read a column that is written as text: whole numbers where every value is one (12 and 12.0 are the same), else the
 * texts as they stand.
 * @param e the text of a row
 */
export async function idsOfText(source: Source, rows: string, e: string): Promise<AsIds> {
  const digits = `regexp_replace(trim(${e}), '\\.0*$', '')`;
  const whole = `bool_and(${matches(`trim(${e})`, wholeFloat)} OR ${notNumbers(e)}) FILTER (${e} IS NOT NULL)`;
  const near = `bool_and(TRY_CAST(${digits} AS BIGINT) IS NOT NULL OR ${notNumbers(e)}) FILTER (${e} IS NOT NULL)`;
  const [row] = await source.all(`SELECT ${whole} AS whole, ${near} AS near FROM ${rows}`);
  if (row.whole !== true) {
    return { sql: e, type: "VARCHAR" };
  }
  const present = `CASE WHEN ${notNumbers(e)} THEN NULL ELSE ${digits} END`;
  return row.near === true
    ? { sql: `CAST(${present} AS BIGINT)`, type: "BIGINT" }
    : { sql: `(${present})`, type: "VARCHAR" };
}
