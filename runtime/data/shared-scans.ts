// Values of many features from few scans: what features of the same rows hold is taken into a table, as many columns at a time as
// it may hold, and read from there.
import { quoted, type Source } from "./database/source.ts";
import type { SharedRows, Values, ValuesOfRows } from "./training-values.ts";

/** Values that a table holds: what exceeds the database's memory lies on the disk meanwhile. */
export const heldValues = 50_000_000;

interface Held {
  readonly table: string;
  /** Features of the table that are still to be asked for. */
  left: number;
}

/**
 * Each feature's values in turn, from a table where others are read from the same rows, else from the files. A table is gone when
 * all its features are.
 * @param most values that a table may hold
 */
export async function* inFewScans(
  source: Source,
  all: readonly ValuesOfRows[],
  most = heldValues,
): AsyncGenerator<Values> {
  const counts = new Map<SharedRows, number>();
  const held = new Map<number, { readonly values: Values; readonly of: Held }>();
  for (const [i, { shared, ...alone }] of all.entries()) {
    if (shared !== null && !shared.quick && !held.has(i)) {
      const others = all.flatMap((one, j) => (j >= i && one.shared === shared ? [j] : []));
      const rows = counts.get(shared) ?? (others.length < 2 ? 0 : await countOf(source, shared));
      counts.set(shared, rows);
      const some = others.slice(0, Math.max(1, Math.floor(most / Math.max(1, rows))));
      for (const [j, found] of some.length < 2 ? [] : await takeInto(source, shared, all, some)) {
        held.set(j, found);
      }
    }
    const found = held.get(i);
    yield found?.values ?? alone;
    if (found !== undefined && --found.of.left === 0) {
      await source.all(`DROP TABLE ${found.of.table}`);
    }
  }
}

async function countOf(source: Source, { count, counted }: SharedRows): Promise<number> {
  // What cannot be read is said as of a feature alone.
  const rows =
    count ??
    (await source.all(`SELECT count(*)::DOUBLE AS n FROM ${counted}`).then(
      ([row]) => row.n,
      () => Infinity,
    ));
  return Number(rows);
}

let tables = 0;

/** The columns of some features; empty where one of them cannot be read: it is said as of that feature alone. */
async function takeInto(
  source: Source,
  shared: SharedRows,
  all: readonly ValuesOfRows[],
  some: readonly number[],
): Promise<Map<number, { readonly values: Values; readonly of: Held }>> {
  const table = quoted(`#values ${tables++}`);
  const columns = some.map((i) => ({ sql: all[i].column.sql, name: `v${i}` }));
  try {
    await source.all(`CREATE TEMP TABLE ${table} AS ${shared.select(columns)}`);
  } catch {
    await source.all(`DROP TABLE IF EXISTS ${table}`);
    return new Map();
  }
  const of: Held = { table, left: some.length };
  return new Map(
    some.map((i) => {
      const { column, explain } = all[i];
      return [i, { of, values: { column, explain, sql: `SELECT ${quoted(`v${i}`)} AS v, n FROM ${table}` } }];
    }),
  );
}
