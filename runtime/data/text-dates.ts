// Dates in text files: only those with the year first are read as dates. In `03/09/2020` the day may stand first or second, and
// the database guesses; such a column stays text until data.yaml says how it is written.
import { familyOf } from "./cast.ts";
import { type ColumnInfo, quoted, type Source } from "./source.ts";

const yearFirst = /^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d)/;

/**
 * The columns that the database took for dates or timestamps by a form of its own guessing.
 * @param asTexts the relation with these columns as texts
 */
export async function guessedDates(
  source: Source,
  columns: readonly ColumnInfo[],
  asTexts: (names: readonly string[]) => string,
): Promise<string[]> {
  const dated = columns.filter(({ type }) => familyOf(type) === "time").map(({ name }) => name);
  const guessed: string[] = [];
  for (const name of dated) {
    const column = quoted(name);
    // All values are read in the form of the first ones, so one tells.
    const [row] = await source.all(`SELECT ${column} AS v FROM ${asTexts([name])} WHERE ${column} IS NOT NULL LIMIT 1`);
    if (row !== undefined && !yearFirst.test(String(row.v))) guessed.push(name);
  }
  return guessed;
}
