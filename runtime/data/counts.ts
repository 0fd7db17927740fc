// How often each item occurs in the event log: what coverage and min_count of a table are decided by.
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { openEvents, requireCondition } from "./events.ts";
import type { KeyType } from "./items.ts";

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
    const where = binding.history[history.name]?.where ?? null;
    const keep =
      where === null
        ? "true"
        : await requireCondition(source, events, where, binding.place("history", history.name, "where"));
    const seen = `count(*) OVER (PARTITION BY "#user" ORDER BY "#time" RANGE UNBOUNDED PRECEDING) AS upto`;
    const all = `SELECT "#user", "#item", "#time", "#row", coalesce(${keep}, false) AS keep, ${seen}, count(*) OVER (PARTITION BY "#user") AS total FROM (${events.select})`;
    const last = `coalesce(lead(upto, ${history.max}) OVER (PARTITION BY "#user" ORDER BY "#time", "#row"), total)`;
    parts.push(
      `SELECT "#item" AS twin_key, ${i} AS history, ${last} - upto AS pairs FROM (${all}) WHERE keep AND "#item" IS NOT NULL`,
    );
  }
  const sums = histories.map(
    (_, i) =>
      `count(*) FILTER (history = ${i})::BIGINT AS twin_n_${i}, coalesce(sum(pairs) FILTER (history = ${i}), 0)::BIGINT AS twin_pairs_${i}`,
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
