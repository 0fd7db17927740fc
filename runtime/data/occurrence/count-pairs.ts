// How often two items stand near one another in a user's past: counted by the database, which spills what memory does not hold.
import { createHash } from "node:crypto";
import { TwinError } from "../../../contract/error.ts";
import { keysOf } from "../../encode/data-column.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import type { PairCounts } from "../../vectors/sparse.ts";
import { counted } from "../counted.ts";
import { interruptible } from "../database/interruptible.ts";
import { runTold } from "../database/run-told.ts";
import type { Source } from "../database/source.ts";

export interface CountOptions {
  /** Two behaviours of a user are a pair where at most so many places lie between them and from one to the next. */
  readonly window: number;
  /** Items with fewer behaviours are passed over, as if they had not been there. */
  readonly minCount: number;
  /** Pairs that are kept at most: the most frequent. Default 16 million, some 50 bytes each from here to the vectors. */
  readonly most?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CountedPairs {
  /** Keys of the items that pairs are of, ascending. */
  readonly keys: readonly (bigint | string)[];
  readonly pairs: PairCounts;
  /** Behaviours of these items. */
  readonly behaviours: number;
  /** Items with too few behaviours. */
  readonly rare: number;
  /** Counts below this were left out, since there were too many pairs; 1: none. */
  readonly least: number;
  /** SHA-256 of keys and pairs: equal where the data before the moment says the same. */
  readonly digest: string;
}

const mostPairs = 16_000_000;
/** Pairs that one statement makes at most, so that it ends soon. */
const atOnce = 4_000_000;
const stopped = "nothing was written";

/**
 * Counts the pairs of different items that are at most `window` places apart in a past; each pair of places once.
 * @param behaviours a select of u, k, t and r: `behavioursBefore`
 * @param total rows that are read, where it is known; else 0
 * @throws TwinError where there is no behaviour, no item that is frequent enough, or no pair
 */
export async function countPairs(
  source: Source,
  behaviours: string,
  total: number,
  { window, minCount, most = mostPairs, onProgress, signal }: CountOptions,
): Promise<CountedPairs> {
  const one = async (sql: string): Promise<number> => Number((await source.all(sql))[0]?.n ?? 0);
  const count = (table: string) => one(`SELECT count(*)::DOUBLE AS n FROM ${table}`);
  const told = { total, onProgress, signal, stopped };
  await runTold(source, `CREATE TEMP TABLE before AS ${behaviours}`, { ...told, task: "events read" }, () =>
    count("before"),
  );
  if ((await count("before")) === 0) {
    throw new TwinError("no behaviour lies before it");
  }
  await source.all(
    `CREATE TEMP TABLE kept AS SELECT k, row_number() OVER (ORDER BY k)::INTEGER - 1 AS o FROM (SELECT k FROM before GROUP BY k HAVING count(*) >= ${minCount})`,
  );
  const size = await count("kept");
  if (size === 0) {
    const n = await one("SELECT max(c) AS n FROM (SELECT count(*) AS c FROM before GROUP BY k)");
    throw new TwinError(
      `no item has ${counted(minCount)} behaviours before it; the most frequent has ${counted(n)}: lower --min-count`,
    );
  }
  const rare = (await one("SELECT count(DISTINCT k) AS n FROM before")) - size;
  await runTold(
    source,
    `CREATE TEMP TABLE past AS SELECT u, o FROM before JOIN kept USING (k) ORDER BY u, t, r, o`,
    { ...told, total: await count("before"), task: "behaviours sorted" },
    () => count("past"),
  );
  await source.all("DROP TABLE before");
  const rows = await count("past");
  await fillPairs(source, rows, window, onProgress, signal);
  const least = await leastOf(source, most);
  const pairs = await readPairs(source, size, least);
  if (pairs.counts.length === 0) {
    throw new TwinError(
      `no two items stand within ${counted(window)} places of one another in any user's past before it, so that there is nothing to make vectors of`,
    );
  }
  const keys: (bigint | string)[] = [];
  for await (const chunk of source.stream("SELECT k FROM kept ORDER BY o", 65_536)) {
    keys.push(...(keysOf(chunk.columns.k) as (bigint | string)[]));
  }
  return { keys, pairs, behaviours: rows, rare, least, digest: digestOf(keys, pairs) };
}

/** Blocks of behaviours, each joined with those that follow within the window. */
async function fillPairs(
  source: Source,
  rows: number,
  window: number,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const progress = meter("behaviours paired", rows, onProgress);
  await interruptible(source, signal, stopped, async () => {
    await source.all("CREATE TEMP TABLE parts (low INTEGER, high INTEGER, n BIGINT)");
    const block = Math.max(1024, Math.floor(atOnce / window));
    for (let from = 0; from < rows; from += block) {
      const of = (end: number): string =>
        `(SELECT rowid AS at, u, o FROM past WHERE rowid >= ${from} AND rowid < ${end})`;
      const far = `range(1, ${Math.min(window, rows) + 1}) d(d)`;
      await source.all(
        `INSERT INTO parts SELECT least(a.o, b.o), greatest(a.o, b.o), count(*) FROM ${of(from + block)} a CROSS JOIN ${far} JOIN ${of(from + block + window)} b ON b.at = a.at + d.d AND b.u = a.u WHERE a.o <> b.o GROUP BY ALL`,
      );
      progress.add(Math.min(block, rows - from));
      if (signal?.aborted) {
        throw new TwinError(stopped);
      }
    }
    await source.all("CREATE TEMP TABLE pairs AS SELECT low, high, sum(n)::DOUBLE AS n FROM parts GROUP BY low, high");
    await source.all("DROP TABLE parts");
    progress.done();
  });
}

/** The least count with which a pair is kept, so that there are at most so many. */
async function leastOf(source: Source, most: number): Promise<number> {
  const [{ n }] = await source.all(
    `SELECT coalesce(max(n), 0) + 1 AS n FROM (SELECT n, sum(count(*)) OVER (ORDER BY n DESC) AS upto FROM pairs GROUP BY n) WHERE upto > ${most}`,
  );
  return Number(n);
}

async function readPairs(source: Source, size: number, least: number): Promise<PairCounts> {
  const from = `FROM pairs WHERE n >= ${least}`;
  const [{ n }] = await source.all(`SELECT count(*)::DOUBLE AS n ${from}`);
  const low = new Int32Array(Number(n));
  const high = new Int32Array(Number(n));
  const counts = new Float64Array(Number(n));
  let at = 0;
  for await (const { rows, columns } of source.stream(`SELECT low, high, n ${from} ORDER BY low, high`, 65_536)) {
    low.set(columns.low as Int32Array, at);
    high.set(columns.high as Int32Array, at);
    counts.set(columns.n as Float64Array, at);
    at += rows;
  }
  return { size, low, high, counts };
}

function digestOf(keys: readonly (bigint | string)[], { low, high, counts }: PairCounts): string {
  const hash = createHash("sha256");
  for (const key of keys) {
    hash.update(`${JSON.stringify(String(key))}\n`);
  }
  for (const { buffer, byteOffset, byteLength } of [low, high, counts]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
