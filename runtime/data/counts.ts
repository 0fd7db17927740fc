// How often each item occurs in the event log: what coverage and min_count of a table are decided by.
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { type Events, openEvents } from "./events.ts";
import type { KeyType } from "./items.ts";
import { behavioursOf } from "./lists/behaviours.ts";
import type { OpenList } from "./lists/open-lists.ts";
import { condition } from "./resolve.ts";

export interface CountedHistory {
  readonly name: string;
  /** A request sees the newest `max` behaviours. */
  readonly max: number;
}

/**
 * Counts items into the temporary table `into` (twin_key, and for the i-th history twin_n_i behaviours and twin_pairs_i).
 *
 * `pairs` is the number of (request, behaviour) pairs of the log in which the item is the behaviour, one request for each
 * event: a behaviour is seen by every later event of its user until `max` newer behaviours have pushed it out. That is what
 * `coverage` counts (semantics.md 2). `delay` and `exclude_same` are not counted in.
 * Where each row brings its own history a pair is a place in its list, and a behaviour counts once in `n`: by user, item and
 * time, without times by user and item.
 * @returns the pairs in all, by history
 */
export async function countItems(
  source: Source,
  binding: Binding,
  keyType: KeyType,
  histories: readonly CountedHistory[],
  into: string,
): Promise<number[]> {
  const events = await openEvents(source, binding, keyType);
  const parts: string[] = [];
  for (const [i, history] of histories.entries()) {
    const list = events.lists?.find((one) => one.history === history.name);
    if (list !== undefined) {
      parts.push(...countedLists(events, list, i, history.max));
      continue;
    }
    const where = binding.history[history.name]?.where ?? null;
    const keep =
      where === null
        ? "true"
        : await condition(source, events.relation, where, binding.place("history", history.name, "where"));
    const seen = `count(*) OVER (PARTITION BY "#user" ORDER BY "#time" RANGE UNBOUNDED PRECEDING) AS upto`;
    const all = `SELECT "#user", "#item", "#time", "#row", coalesce(${keep}, false) AS keep, ${seen}, count(*) OVER (PARTITION BY "#user") AS total FROM (${events.select})`;
    const last = `coalesce(lead(upto, ${history.max}) OVER (PARTITION BY "#user" ORDER BY "#time", "#row"), total)`;
    parts.push(
      `SELECT "#item" AS twin_key, ${i} AS history, 1 AS n, ${last} - upto AS pairs FROM (${all}) WHERE keep AND "#item" IS NOT NULL`,
    );
  }
  const sums = histories.map(
    (_, i) =>
      `coalesce(sum(n) FILTER (history = ${i}), 0)::BIGINT AS twin_n_${i}, coalesce(sum(pairs) FILTER (history = ${i}), 0)::BIGINT AS twin_pairs_${i}`,
  );
  try {
    await source.all(
      `CREATE OR REPLACE TEMP TABLE ${quoted(into)} AS SELECT twin_key, ${sums.join(", ")} FROM (${parts.join(" UNION ALL ")}) GROUP BY twin_key`,
    );
  } catch (cause) {
    throw await events.explain()(cause);
  }
  const totals = histories.map((_, i) => `sum(twin_pairs_${i})::DOUBLE AS t_${i}`);
  const [row] = await source.all(`SELECT ${totals.join(", ")} FROM ${quoted(into)}`);
  return histories.map((_, i) => Number(row[`t_${i}`] ?? 0));
}

function countedLists(events: Events, list: OpenList, i: number, max: number): string[] {
  const behaviours = behavioursOf(events, list);
  const rank = `row_number() OVER (PARTITION BY "#row" ORDER BY "#at" DESC, "#place" DESC)`;
  const seen = `SELECT "#key", ${rank} AS "#rank" FROM (${behaviours})`;
  const once = `SELECT DISTINCT "#user", "#key", "#at" FROM (${behaviours})`;
  return [
    `SELECT "#key" AS twin_key, ${i} AS history, 0 AS n, count(*) AS pairs FROM (${seen}) WHERE "#rank" <= ${max} GROUP BY 1`,
    `SELECT "#key" AS twin_key, ${i} AS history, count(*) AS n, 0 AS pairs FROM (${once}) GROUP BY 1`,
  ];
}
