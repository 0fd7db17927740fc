// Features of the columns of a file, each under a name of its own.
import { quoted, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import { type DraftFeature, draftFeature, type Skipped } from "./kinds.ts";
import { namesOf } from "./names.ts";
import { oftenIn, type Profile } from "./profile.ts";

/** @param skipped takes what no feature is made of @returns what makes features of some columns, of which one may be the item's key */
export function featuresFrom(
  all: readonly Profile[],
  skipped: Skipped[],
): (columns: readonly Profile[], key?: string | null) => DraftFeature[] {
  const names = namesIn(all);
  return (columns, key = null) =>
    columns.flatMap((column) => {
      const made = draftFeature(column, names(column.name), column.name === key);
      if ("because" in made) {
        skipped.push(made);
        return [];
      }
      return [made];
    });
}

export function namesIn(columns: readonly Profile[]): (column: string) => string {
  const names = namesOf(columns.map(({ name }) => name));
  return (column) => {
    const name = names.get(column);
    if (name === undefined) {
      throw new Error(`there is no column ${column}`);
    }
    return name;
  };
}

/** What the whole log says of a key, however late its values come. */
export async function overall(source: Source, relation: Relation, key: Profile): Promise<Profile> {
  const column = quoted(key.name);
  try {
    const [row] = await source.all(`SELECT count(DISTINCT ${column})::DOUBLE AS n FROM ${relation.sql()}`);
    return { ...key, different: Number(row.n), often: await oftenIn(source, relation.sql(), column) };
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}

/** @param item the events' column: it says how often each key is met */
export const keyFirst = (columns: readonly Profile[], key: string, { different, often }: Profile): Profile[] => [
  ...columns.filter(({ name }) => name === key).map((column) => ({ ...column, different, often })),
  ...columns.filter(({ name }) => name !== key),
];
