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
  return (await steadyWithin(source, relation, [key.name], columns, key.rows, key.different)) ?? [];
}

/**
 * The columns that never have two values where all of `keys` are equal.
 * @param groups how many there are; counted where not said @returns null where so few rows share keys that it says nothing
 */
export async function steadyWithin(
  source: Source,
  relation: Relation,
  keys: readonly string[],
  columns: readonly Profile[],
  rows: number,
  groups?: number,
): Promise<Profile[] | null> {
  if (columns.length === 0) {
    return [];
  }
  const by = keys.map(quoted).join(", ");
  // Least and greatest, where counting the different ones would hold all values of all columns.
  const alike = columns.map(({ name }, i) => `min(${quoted(name)}) IS NOT DISTINCT FROM max(${quoted(name)}) AS c${i}`);
  const each = `SELECT ${alike.join(", ")} FROM ${relation.sql()} GROUP BY ${by}`;
  const all = columns.map((_, i) => `bool_and(c${i}) AS c${i}`);
  try {
    if (groups !== undefined && rows < enough * groups) {
      return null;
    }
    const [row] = await source.all(`SELECT count(*)::DOUBLE AS n, ${all.join(", ")} FROM (${each})`);
    return rows < enough * Number(row.n)
      ? null
      : columns.filter(({ different }, i) => different > 1 && row[`c${i}`] === true);
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
