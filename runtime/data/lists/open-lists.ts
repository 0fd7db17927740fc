// The histories of `samples:`: for each row the list of its behaviours' items, of their times, and what else runs parallel.
import { TwinError } from "../../../contract/error.ts";
import type { Binding, Clock } from "../binding.ts";
import { secondsOfCount } from "../clock.ts";
import { type Cast, castTo, familyOf, secondsOf, secondsOfNanoseconds } from "../database/cast.ts";
import { firstLines, literal, type Source } from "../database/source.ts";
import type { KeyType } from "../items.ts";
import type { Relation } from "../relation.ts";
import type { Resolved } from "../resolve.ts";
import { castList, finishList, quickly, type RawList, rawList } from "./list-column.ts";

export const listColumn = (history: string): string => `#list ${history}`;
export const timesColumn = (history: string): string => `#times ${history}`;

export interface OpenList {
  readonly history: string;
  readonly newest: "last" | "first";
  /** As the file has it: parallel lists are as long. */
  readonly raw: RawList;
  /** Keys, null where there is no behaviour. */
  readonly item: Resolved;
  /** Epoch seconds; null: positions count. */
  readonly time: Resolved | null;
}

/** @param keyType how item keys are held @throws TwinError naming the place of what is missing or holds no lists */
export async function openLists(
  source: Source,
  relation: Relation,
  { lists, place }: Binding,
  keyType: KeyType,
): Promise<OpenList[]> {
  const opened: OpenList[] = [];
  for (const [history, bound] of Object.entries(lists ?? {})) {
    const at = (...keys: readonly string[]): string => place("samples", "histories", history, ...keys);
    const raw = await rawList(source, relation, bound.item, bound.by, at("item"));
    const use = keyType === "int64" ? "int64" : "text";
    const { padding, newest } = bound;
    const item = await castList(source, relation, raw, { name: listColumn(history), use, padding }, at("item"));
    const { clock, by } = bound;
    const time = clock === null ? null : await times(source, relation, history, raw, { clock, by }, at("time"));
    opened.push({ history, newest, raw, item, time });
  }
  return opened;
}

async function times(
  source: Source,
  relation: Relation,
  history: string,
  items: RawList,
  { by, clock }: { readonly by: string | null; readonly clock: Clock },
  where: string,
): Promise<Resolved> {
  const raw = await rawList(source, relation, clock.column, by, where);
  const cast = await secondsCast(source, relation, raw, clock, where);
  const due = clock.format === undefined ? "seconds, milliseconds or times" : `times like \`${clock.format}\``;
  const plain = clock.format === undefined && clock.unit === "s";
  const quick = quickly(raw, plain ? "DOUBLE" : null);
  return finishList(raw, cast, { name: timesColumn(history), use: "number", due, beside: items, quick });
}

async function secondsCast(
  source: Source,
  relation: Relation,
  raw: RawList,
  { unit, format }: Clock,
  where: string,
): Promise<Cast> {
  const x = raw.cut ? "nullif(trim(x), '')" : "x";
  const family = familyOf(raw.element);
  const ofText = (parsed: string, seconds: string): Cast => ({
    sql: `CASE WHEN ${x} IS NULL THEN NULL WHEN ${parsed} IS NULL THEN error('no time') ELSE ${seconds} END`,
    bad: `${x} IS NOT NULL AND ${parsed} IS NULL`,
  });
  if (format !== undefined) {
    const parsed = `try_strptime(CAST(${x} AS VARCHAR), ${literal(format)})`;
    const [{ type }] = await source
      .describe(`SELECT ${parsed} AS value FROM (SELECT '' AS x)`)
      .catch((cause: unknown) => {
        throw new TwinError(`${where}: no format: ${firstLines(cause)}. Write it as strptime does`, { cause });
      });
    return ofText(parsed, secondsOf(parsed, type!));
  }
  if (family === "time") {
    return { sql: secondsOf("x", raw.element), bad: null };
  }
  if (unit === "ns" && ["small", "whole", "huge"].includes(family)) {
    return { sql: secondsOfNanoseconds("x"), bad: null };
  }
  if (family === "text") {
    const first = `SELECT x FROM (SELECT unnest(${raw.sql}) AS x FROM ${relation.sql()}) WHERE ${x} IS NOT NULL LIMIT 1`;
    const [row] = await source.all(first).catch(() => []);
    if (/^\s*\d{4}[-/]/.test(String(row?.x ?? ""))) {
      const parsed = `TRY_CAST(${x} AS TIMESTAMPTZ)`;
      return ofText(parsed, `epoch(${parsed})`);
    }
  }
  const cast = castTo("number", x, raw.element);
  if (cast === null || family === "boolean") {
    throw new TwinError(
      `${where}: the lists \`${raw.shown}\` of ${relation.name} hold ${raw.element}; seconds, milliseconds or timestamps are due`,
    );
  }
  return unit === "s" || unit === "steps" ? cast : { sql: secondsOfCount(cast.sql, unit), bad: cast.bad };
}

/** What a row brings of a history, beside its cross features. */
export const listColumns = ({ item, time }: OpenList): Resolved[] => (time === null ? [item] : [item, time]);

/** Behaviours of a row's longest list: what its step is where nothing has a time. */
export function stepOf(lists: readonly OpenList[]): string {
  const counts = lists.map(({ item }) => `list_count(${item.sql})`);
  return counts.length === 0 ? "0::DOUBLE" : `greatest(${counts.join(", ")})::DOUBLE`;
}

/** The lists of a history. */
export function listOf(lists: readonly OpenList[] | null, history: string): OpenList {
  const found = lists?.find((one) => one.history === history);
  if (found === undefined) {
    throw new Error(`the history ${history} is in no lists`);
  }
  return found;
}
