// How long it takes from an event to the next of the same user.

import { numbersOf } from "../../encode/data-column.ts";
import type { Source } from "../database/source.ts";
import type { Counts } from "../report.ts";
import type { DataReport } from "../report-schema.ts";
import type { SampleColumns } from "../sample-columns.ts";

export type Between = NonNullable<DataReport["between"]>;

/**
 * Quantiles of the time between neighbouring events of a user, each a time that there is (the smallest that so many do not
 * exceed); in the clock's unit. Times are counted by the database, which spills, and read in their order.
 * @param from a table, or a select in brackets, with the columns of the events' query
 * @returns null where no user has two events
 */
export async function timeBetween(
  source: Source,
  from: string,
  columns: SampleColumns,
  { events, users }: Pick<Counts, "events" | "users">,
): Promise<Between | null> {
  const total = events - users;
  if (total <= 0) {
    return null;
  }
  const gaps = `SELECT "#time" - lag("#time") OVER (PARTITION BY "#user" ORDER BY "#time") AS gap FROM ${from}`;
  const sql = `SELECT gap, count(*)::DOUBLE AS n FROM (${gaps}) WHERE gap IS NOT NULL GROUP BY gap ORDER BY gap`;
  const shares = [0.05, 0.25, 0.5, 0.75, 0.95];
  const found: number[] = [];
  let seen = 0;
  for await (const chunk of source.stream(sql, 65_536, columns.explain)) {
    const [gap, n] = [numbersOf(chunk.columns.gap), numbersOf(chunk.columns.n)];
    for (let i = 0; i < chunk.rows; i++) {
      seen += n[i];
      while (found.length < shares.length && seen >= shares[found.length] * total) {
        found.push(gap[i]);
      }
    }
  }
  const [p5, p25, median, p75, p95] = found;
  return { p5, p25, median, p75, p95 };
}
