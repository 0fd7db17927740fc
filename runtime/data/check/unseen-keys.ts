// How many samples of the validation and test parts are of items, and of users, that no training sample has.

import { quoted, type Source } from "../database/source.ts";
import type { DataQuery } from "../prepare/select.ts";
import type { DataReport } from "../report-schema.ts";

export type Unseen = NonNullable<DataReport["parts"][number]["unseen"]>;

/**
 * By part, the training part null; users where the data has some. Samples are events with a label; where the model has no labels, all events.
 * @param from a table, or a select in brackets, with the columns of the events' query
 */
export async function unseenKeys(
  source: Source,
  from: string,
  { columns }: DataQuery,
  hasUsers: boolean,
): Promise<(Unseen | null)[]> {
  const labelled = columns.labels.map(({ name }) => `NOT isnan(${quoted(name)})`).join(" OR ") || "true";
  const samples = (part: number): string => `count(*) FILTER ("#part" = ${part}) AS n${part}`;
  // Each item, and each user, with its samples by part: counts of keys, however many rows there are.
  const keys = `SELECT grouping("#item") AS by_user, ${[0, 1, 2].map(samples).join(", ")} FROM ${from} WHERE ${labelled} GROUP BY GROUPING SETS (("#item"), ("#user"))`;
  const sums = [1, 2].map((part) => `coalesce(sum(n${part}) FILTER (n0 = 0), 0)::DOUBLE AS n${part}`).join(", ");
  const rows = await source.all(`SELECT by_user, ${sums} FROM (${keys}) GROUP BY 1`).catch(async (cause: unknown) => {
    throw await columns.explain(cause);
  });
  const found = (byUser: number, part: number): number =>
    Number(rows.find((row) => Number(row.by_user) === byUser)?.[`n${part}`] ?? 0);
  const of = (part: number): Unseen => ({ items: found(0, part), ...(hasUsers && { users: found(1, part) }) });
  return [null, of(1), of(2)];
}
