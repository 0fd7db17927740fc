// Which columns of an event log belong to the item or to the user: those that say the same of it in every event.
import { type Relation, readError } from "../relation.ts";
import { quoted, type Source } from "../source.ts";
import type { Profile } from "./profile.ts";

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
  if (columns.length === 0 || key.rows < enough * key.different) return [];
  const values = columns.map(({ name }, i) => `count(DISTINCT ${quoted(name)}) AS c${i}`);
  const each = `SELECT ${values.join(", ")} FROM ${relation.sql()} GROUP BY ${quoted(key.name)}`;
  const most = columns.map((_, i) => `max(c${i})::DOUBLE AS c${i}`);
  try {
    const [row] = await source.all(`SELECT ${most.join(", ")} FROM (${each})`);
    return columns.filter(({ different }, i) => different > 1 && Number(row[`c${i}`]) <= 1);
  } catch (cause) {
    throw readError(relation, cause);
  }
}
