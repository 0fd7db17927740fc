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

/** Groups that a first look takes, where all of them with all columns would not fit into memory. */
const fewGroups = 2000;
/** Groups times columns that one query may hold. */
const heldGroups = 4_000_000;

/**
 * The columns that never have two values where all of `keys` are equal.
 * @param groups how many there are; counted where not said @param held groups times columns that one query may hold @returns null where so few rows share keys that it says nothing
 */
export async function steadyWithin(
  source: Source,
  relation: Relation,
  keys: readonly string[],
  columns: readonly Profile[],
  rows: number,
  groups?: number,
  held = heldGroups,
): Promise<Profile[] | null> {
  if (columns.length === 0) {
    return [];
  }
  const by = keys.map(quoted).join(", ");
  const most = groups ?? rows;
  /** How many groups there are, and the columns that have one value in each. */
  const look = async (
    some: readonly Profile[],
    where = "",
  ): Promise<{ readonly n: number; readonly steady: Profile[] }> => {
    // Least and greatest, where counting the different ones would hold all values of all columns.
    const alike = some.map(({ name }, i) => `min(${quoted(name)}) IS NOT DISTINCT FROM max(${quoted(name)}) AS c${i}`);
    const each = `SELECT ${["1", ...alike].join(", ")} FROM ${relation.sql()}${where} GROUP BY ${by}`;
    const all = ["count(*)::DOUBLE AS n", ...some.map((_, i) => `bool_and(c${i}) AS c${i}`)];
    const [row] = await source.all(`SELECT ${all.join(", ")} FROM (${each})`);
    return { n: Number(row.n), steady: some.filter((_, i) => row[`c${i}`] === true) };
  };
  try {
    if (groups !== undefined && rows < enough * groups) {
      return null;
    }
    let left = columns;
    if (columns.length * most > held) {
      // What differs within a few groups need not be looked for in all.
      const every = Math.max(1, Math.ceil(most / fewGroups));
      left = (await look(columns, ` WHERE hash(${by}) % ${every} = 0`)).steady;
    }
    const size = Math.max(1, Math.floor(held / Math.max(1, most)));
    const steady: Profile[] = [];
    for (let start = 0; start === 0 || start < left.length; start += size) {
      const found = await look(left.slice(start, start + size));
      if (rows < enough * found.n) {
        return null;
      }
      steady.push(...found.steady);
    }
    return steady.filter(({ different }) => different > 1);
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
