// Which items a table holds: the fewest most frequent ones that reach its coverage on the event log, and in what order.

import { recordOf } from "../../contract/record.ts";
import type { Binding } from "./binding.ts";
import { type CountedHistory, countItems } from "./counts.ts";
import type { Covering } from "./data-model.ts";
import { quoted, type Source } from "./database/source.ts";
import type { Items, KeyType } from "./items.ts";

export interface TableCover {
  /** Rows, the miss row among them. */
  readonly rows: number;
  /** Share of (request, behaviour) pairs of the log that the rows find; null where there is no log. */
  readonly reached: number | null;
  /** What could not be done as asked, for the report. */
  readonly note: string | null;
}

export interface Cover {
  readonly tables: Readonly<Record<string, TableCover>>;
  /** How items are to be read: file order where there is no log. */
  readonly order: { readonly join: string; readonly by: string } | null;
}

const counts = "twin_counts";
const chosen = "twin_order";

/**
 * Orders items so that every table holds a prefix of them: those with `min_count` behaviours first, then the most seen
 * first. A table is then cut where its coverage is reached.
 */
export async function coverTables(
  source: Source,
  binding: Binding,
  items: Items,
  keyType: KeyType,
  total: number,
  tables: Readonly<Record<string, Covering>>,
  histories: readonly CountedHistory[],
): Promise<Cover> {
  const names = Object.keys(tables);
  if (binding.events === null || names.length === 0) {
    const cover = names.map((name) => {
      const asked = tables[name].coverage < 1 || tables[name].min_count > 0;
      const note = asked ? "coverage and min_count need an event log (`events:`); every item is held" : null;
      return [name, { rows: total + 1, reached: null, note }] as const;
    });
    return { tables: recordOf(cover), order: null };
  }
  const used = histories.filter((history) => names.some((name) => tables[name].history === history.name));
  const sums = await countItems(source, binding, keyType, used, counts);
  const column = (name: string): number => used.findIndex((history) => history.name === tables[name].history);
  const eligible = (name: string): string => `(coalesce(twin_n_${column(name)}, 0) >= ${tables[name].min_count})`;
  const rank = names.map((name) => `CAST(${eligible(name)} AS INTEGER)`).join(" + ");
  const pairs = used.map((_, i) => `coalesce(twin_pairs_${i}, 0)`).join(" + ");
  const seen = used.map((_, i) => `coalesce(twin_n_${i}, 0)`).join(" + ");
  const order = {
    join: `LEFT JOIN ${quoted(counts)} c ON c.twin_key = ${items.keySql}`,
    by: `${rank} DESC, ${pairs} DESC, ${seen} DESC`,
  };
  const cells = used
    .map((_, i) => `coalesce(twin_n_${i}, 0) AS twin_n_${i}, coalesce(twin_pairs_${i}, 0) AS twin_pairs_${i}`)
    .join(", ");
  await source.all(
    `CREATE OR REPLACE TEMP TABLE ${quoted(chosen)} AS SELECT row_number() OVER (ORDER BY ${order.by}, "#row") AS place, ${cells} FROM (${items.relation.numbered}) i ${order.join}`,
  );
  const cover: [string, TableCover][] = [];
  for (const name of names) {
    cover.push([name, await cut(source, tables[name], column(name), eligible(name), sums[column(name)], total)]);
  }
  return { tables: recordOf(cover), order };
}

/** (Request, behaviour) pairs of one history. */
export interface ChosenPairs {
  /** In which the item is the behaviour, by its place in the order. */
  readonly pairs: Float64Array;
  /** All that the log has. */
  readonly total: number;
}

/** Of the first `count` items, once `coverTables` has ordered them, by its i-th history. */
export async function chosenPairs(source: Source, histories: number, count: number): Promise<ChosenPairs[]> {
  const columns = Array.from({ length: histories }, (_, i) => `twin_pairs_${i}`);
  const sums = columns.map((column) => `coalesce(sum(${column}), 0)::DOUBLE AS ${column}`).join(", ");
  const cells = columns.map((column) => `${column}::DOUBLE AS ${column}`).join(", ");
  if (histories === 0) {
    return [];
  }
  const [all] = await source.all(`SELECT ${sums} FROM ${quoted(counts)}`);
  const rows = await source.all(`SELECT ${cells} FROM ${quoted(chosen)} WHERE place <= ${count} ORDER BY place`);
  return columns.map((column) => ({
    pairs: Float64Array.from(rows, (row) => Number(row[column])),
    total: Number(all[column]),
  }));
}

async function cut(
  source: Source,
  { coverage, min_count }: Covering,
  history: number,
  eligible: string,
  pairs: number,
  total: number,
): Promise<TableCover> {
  const ask = async (sql: string): Promise<Record<string, unknown>> => (await source.all(sql))[0] ?? {};
  const table = quoted(chosen);
  const most = min_count > 0 ? Number((await ask(`SELECT count(*) AS n FROM ${table} WHERE ${eligible}`)).n) : total;
  const running = `SELECT place, sum(twin_pairs_${history}) OVER (ORDER BY place) AS found FROM ${table}`;
  let held = most;
  if (coverage < 1 && pairs > 0) {
    // A hair of slack: the target is a decimal fraction, the sum of pairs an integer.
    const target = coverage * pairs - 1e-9 * pairs;
    const reach = await ask(`SELECT min(place) AS place FROM (${running}) WHERE found >= ${target}`);
    held = Math.min(most, reach.place == null ? most : Number(reach.place));
  }
  const found = Number(
    (await ask(`SELECT sum(twin_pairs_${history})::DOUBLE AS n FROM ${table} WHERE place <= ${held}`)).n ?? 0,
  );
  const reached = pairs > 0 ? found / pairs : null;
  const short = coverage <= 1 && reached !== null && reached < coverage - 1e-9;
  const why = min_count > 0 ? `min_count: ${min_count} leaves too few items` : "the items file lacks items of the log";
  const note = short ? `coverage ${percent(coverage)} cannot be reached: ${why}` : null;
  return { rows: held + 1, reached, note };
}

/** Never rounded up: 96.999 % is no 97 %. */
function percent(share: number): string {
  return `${Math.floor(share * 10_000) / 100} %`;
}
