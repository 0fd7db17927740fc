// What an event log says over all its rows: which columns belong to the item or to the user, how often users come back, and how many are new.

import { quoted, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { timeSql } from "./past.ts";
import type { Profile } from "./profile.ts";
import type { Roles } from "./roles.ts";

/** Events for each item or user that make it no accident that all say the same. */
const enough = 2;

/**
 * The columns that never have two values for one value of `key`.
 * @param key column of the item or the user
 */
export async function belongingTo(
  source: Source,
  relation: Relation,
  key: Profile,
  columns: readonly Profile[],
): Promise<Profile[]> {
  if (columns.length === 0 || key.rows < enough * key.different) {
    return [];
  }
  const values = columns.map(({ name }, i) => `count(DISTINCT ${quoted(name)}) AS c${i}`);
  const each = `SELECT ${values.join(", ")} FROM ${relation.sql()} GROUP BY ${quoted(key.name)}`;
  const most = columns.map((_, i) => `max(c${i})::DOUBLE AS c${i}`);
  try {
    const [row] = await source.all(`SELECT ${most.join(", ")} FROM (${each})`);
    return columns.filter(({ different }, i) => different > 1 && Number(row[`c${i}`]) <= 1);
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}

/** The share of the events whose item the same user had met at an earlier time. */
export async function shareOfRepeats(
  source: Source,
  relation: Relation,
  { user, item, clock }: Pick<Roles, "user" | "item" | "clock">,
): Promise<number> {
  const time = quoted(clock.column);
  const first = `min(${time}) OVER (PARTITION BY ${quoted(user)}, ${quoted(item)})`;
  try {
    const [row] = await source.all(
      `SELECT avg((t > first)::INTEGER)::DOUBLE AS share FROM (SELECT ${time} AS t, ${first} AS first FROM ${relation.sql()})`,
    );
    return Number(row.share ?? 0);
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}

/**
 * The share of the events after a time whose user has none up to it.
 * @param end in seconds or steps
 */
export async function shareOfNewcomers(
  source: Source,
  relation: Relation,
  { user, clock }: Pick<Roles, "user" | "clock">,
  end: number,
): Promise<number> {
  const late = `${timeSql(relation, clock)} > ${end}`;
  const each = `SELECT count(*) FILTER (${late}) AS late, bool_and(${late}) AS fresh FROM ${relation.sql()} WHERE ${quoted(user)} IS NOT NULL GROUP BY ${quoted(user)}`;
  try {
    const [row] = await source.all(`SELECT (sum(late) FILTER (fresh) / sum(late))::DOUBLE AS share FROM (${each})`);
    return Number(row.share ?? 0);
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}
