// Lists that run parallel to a history's items: its times, features of the past items, and what is known of each behaviour.
import type { Clock } from "../binding.ts";
import { clockFactors } from "../clock.ts";
import { familyOf, secondsOf } from "../database/cast.ts";
import { literal, numberList, quoted, type Source } from "../database/source.ts";
import { decideTypes, typedText } from "../files/text-types.ts";
import type { Relation } from "../relation.ts";
import { type FoundHistory, whole } from "./histories.ts";
import { bracketShape, type ListShape, listShape, textShape } from "./list-shapes.ts";
import { timeSql } from "./past.ts";
import { type Profile, profileOf } from "./profile.ts";
import { usual } from "./role-words.ts";

/** Columns whose lists have as many places as the history's in every row. */
export async function parallelTo(
  source: Source,
  rows: string,
  { column, by, places }: ListShape,
  columns: readonly Profile[],
): Promise<ListShape[]> {
  const shapes = columns
    .filter(({ name }) => name !== column)
    .flatMap(({ name, family, type }) =>
      family === "list" && !/\]\[/.test(type)
        ? [listShape(name)]
        : type !== "VARCHAR"
          ? []
          : [by === null ? bracketShape(name) : textShape(name, by)],
    );
  if (shapes.length === 0) {
    return [];
  }
  const same = shapes.map(({ places: other }, i) => `bool_and(${other} = ${places}) AS c${i}`);
  const [row] = await source.all(`SELECT max(${places})::DOUBLE AS most, ${same.join(", ")} FROM ${rows}`);
  return Number(row?.most ?? 0) < 2 ? [] : shapes.filter((_, i) => row[`c${i}`] === true);
}

/** The history whose name a parallel list shares most of. */
export function closest(column: string, histories: readonly FoundHistory[]): FoundHistory {
  const shared = (other: string): number => {
    const [a, b] = [usual(column).toLowerCase(), usual(other).toLowerCase()];
    let [head, tail] = [0, 0];
    while (head < Math.min(a.length, b.length) && a[head] === b[head]) {
      head++;
    }
    while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) {
      tail++;
    }
    return head + tail;
  };
  return histories.reduce((best, one) => (shared(one.column) > shared(best.column) ? one : best));
}

/** Values of a list in seconds, read as the rows' clock is. */
function secondsIn({ raw }: ListShape, type: string, relation: Relation, clock: Clock): string {
  const { format, unit, column } = clock;
  const x = "x";
  const seconds =
    format !== undefined
      ? `epoch(try_strptime(trim(CAST(${x} AS VARCHAR)), ${literal(format)}))`
      : familyOf(type.replace(/\[\d*\]$/, "")) === "time"
        ? secondsOf(x, type.replace(/\[\d*\]$/, ""))
        : familyOf(relation.columns.get(column) ?? "") === "time"
          ? `epoch(TRY_CAST(CAST(${x} AS VARCHAR) AS TIMESTAMPTZ))`
          : `TRY_CAST(CAST(${x} AS VARCHAR) AS DOUBLE) / ${clockFactors[unit]}`;
  return `list_transform(coalesce(${raw}, []), lambda x: ${seconds})`;
}

export interface Times {
  readonly column: string;
  readonly ago: { readonly low: number; readonly high: number } | null;
  /** Whether most lists have the newest first. */
  readonly falling: boolean;
}

/** Share of the values that times have, and that lie at or before their row. */
const nearly = 0.95;
/** Before this nothing happened: numbers that are no times lie below. */
const earliest = 631_152_000;

/** Which of some lists holds the times of the behaviours: nearly all its values are times, none later than the row's. */
export async function timesIn(
  source: Source,
  rows: string,
  relation: Relation,
  clock: Clock,
  history: FoundHistory,
  lists: readonly ListShape[],
): Promise<Times | null> {
  for (const list of lists) {
    const seconds = secondsIn(list, relation.columns.get(list.column) ?? "", relation, clock);
    const behaviours = `list_transform(coalesce(${history.raw}, []), lambda x: trim(CAST(x AS VARCHAR)))`;
    const pads = history.padding === null ? "false" : `i = ${literal(history.padding)}`;
    const each = `(SELECT ${timeSql(relation, clock)} AS now, unnest(${seconds}) AS t, unnest(${behaviours}) AS i FROM ${rows})`;
    const kept = `(SELECT now, t FROM ${each} WHERE i IS NOT NULL AND i <> '' AND NOT (${pads}))`;
    const [row] = await source.all(
      `SELECT avg((t >= ${earliest} AND t <= now)::INTEGER) AS fits, quantile_disc(now - t, [0.02, 0.98]) FILTER (now > t) AS ago FROM ${kept}`,
    );
    if (row?.fits === null || Number(row?.fits ?? 0) < nearly) {
      continue;
    }
    const [order] = await source.all(
      `SELECT avg((l[1] > l[-1])::INTEGER) AS falling FROM (SELECT ${seconds} AS l FROM ${rows}) WHERE len(l) > 1 AND l[1] <> l[-1]`,
    );
    const [low = 0, high = 0] = numberList(row.ago);
    return {
      column: list.column,
      ago: low > 0 ? { low, high } : null,
      falling: Number(order?.falling ?? 0) > 0.5,
    };
  }
  return null;
}

/** Pairs that two lists must have in common, and the share of them that say the same. */
const [fewest, agreeing] = [20, 0.95];

/** Of the columns that say what an item is, the one that a parallel list says of past items, too. */
export async function saysOfItem(
  source: Source,
  rows: string,
  item: string,
  history: FoundHistory,
  { raw }: ListShape,
  columns: readonly Profile[],
): Promise<string | null> {
  const listed = `(SELECT ${whole("i")} AS i, v FROM (SELECT unnest(list_transform(coalesce(${history.raw}, []), lambda x: trim(CAST(x AS VARCHAR)))) AS i, unnest(list_transform(coalesce(${raw}, []), lambda x: trim(CAST(x AS VARCHAR)))) AS v FROM ${rows}))`;
  for (const { name } of columns) {
    const known = `(SELECT trim(CAST(${quoted(item)} AS VARCHAR)) AS i, any_value(trim(CAST(${quoted(name)} AS VARCHAR))) AS k FROM ${rows} GROUP BY ${quoted(item)})`;
    const same = "coalesce(TRY_CAST(k AS DOUBLE) = TRY_CAST(v AS DOUBLE), k = v)";
    const [row] = await source.all(
      `SELECT count(*)::DOUBLE AS n, avg((${same})::INTEGER) AS same FROM ${listed} JOIN ${known} USING (i) WHERE k IS NOT NULL AND v IS NOT NULL`,
    );
    if (Number(row?.n ?? 0) >= fewest && Number(row.same) >= agreeing) {
      return name;
    }
  }
  return null;
}

/** What the values of a list are, as if they were a column. */
export async function valuesOf(
  source: Source,
  rows: string,
  { column, raw }: ListShape,
  type: string,
): Promise<Profile> {
  const name = quoted(column);
  const table = quoted("#values");
  const own = type.endsWith("]") ? type.replace(/\[\d*\]$/, "") : "VARCHAR";
  const value = own === "VARCHAR" ? `nullif(trim(${name}), '')` : name;
  await source.all(
    `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT ${value} AS ${name} FROM (SELECT unnest(${raw}) AS ${name} FROM ${rows})`,
  );
  if (own !== "VARCHAR") {
    return profileOf(source, table, column, own);
  }
  const [decided] = await decideTypes(source, table, [column], ["BIGINT", "BOOLEAN", "DOUBLE"]);
  return profileOf(source, `(SELECT ${typedText(name, decided.type)} AS ${name} FROM ${table})`, column, decided.type);
}

/** At which end new behaviours come, by neighbouring rows of one user whose lists differ; `last` where nothing tells. */
export async function newestOf(
  source: Source,
  rows: string,
  relation: Relation,
  user: string | null,
  clock: Clock | null,
  behaviours: string,
): Promise<"last" | "first"> {
  if (user === null) {
    return "last";
  }
  const order = clock === null ? "len(l), r" : "t, r";
  const time = clock === null ? "0" : timeSql(relation, clock);
  const lists = `(SELECT ${quoted(user)} AS u, ${time} AS t, row_number() OVER () AS r, ${behaviours} AS l FROM ${rows})`;
  const pairs = `(SELECT lag(l) OVER (PARTITION BY u ORDER BY ${order}) AS a, l AS b FROM ${lists} WHERE len(l) > 0)`;
  const grows = (old: string, fresh: string): string =>
    `count(*) FILTER (list_contains(a, ${old}) AND NOT list_contains(a, ${fresh}))::DOUBLE`;
  const [row] = await source.all(
    `SELECT ${grows("b[1]", "b[-1]")} AS last, ${grows("b[-1]", "b[1]")} AS first FROM ${pairs} WHERE a IS NOT NULL AND a <> b`,
  );
  return Number(row?.first ?? 0) > Number(row?.last ?? 0) ? "first" : "last";
}
