// Where the parts of a draft end: by time, over all rows.
import type { Clock } from "../binding.ts";
import { numberList, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { timeSql } from "./past.ts";

export interface Split {
  readonly train: string;
  readonly validation: string;
  /** End of the training part, in seconds or steps. */
  readonly end: number;
}

/** Share of the later events that are of new users from which on a row of each user's own teaches the model to lean on what it will not have. */
export const mostlyNew = 0.5;

/** Times that are looked at. */
const looked = 5_000_000;

/**
 * The first 80 % of the rows by time to learn from, the next 10 % to stop by, the rest to be judged by.
 * @param total rows @returns null where times do not part them so
 */
export async function splitOf(source: Source, relation: Relation, clock: Clock, total: number): Promise<Split | null> {
  const time = `(SELECT ${timeSql(relation, clock)} AS t FROM ${relation.sql()})`;
  const some = `hash(t) % ${Math.max(1, Math.ceil(total / looked))} = 0`;
  try {
    const [row] = await source.all(
      `SELECT min(t) AS least, max(t) AS most, quantile_disc(t, [0.8, 0.9]) FILTER (${some}) AS ends FROM ${time}`,
    );
    const [train, validation] = numberList(row?.ends);
    const [least, most] = [Number(row?.least), Number(row?.most)];
    const ends = [train, validation].map(Math.floor);
    if (!(least <= ends[0] && ends[0] < ends[1] && ends[1] < most)) {
      return null;
    }
    const end = (at: number): string =>
      clock.unit === "steps" ? `..${at}` : `..${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
    return { train: end(ends[0]), validation: end(ends[1]), end: ends[0] };
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}
