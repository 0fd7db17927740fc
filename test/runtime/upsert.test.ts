// Items put in and taken out while a process serves: the rows are a full build's, and so are the scores.
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { upsertItems } from "../../runtime/build-table/upsert.ts";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import { type LoadOptions, load, type Ranking, type Twin } from "../../runtime/index.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { itemColumns, numbers, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { itemsFile } from "../kit/upserted.ts";

afterAll(cleanUp);

const scoresOf = ({ logits }: Ranking): number[] => [...logits.click, ...logits.like];

async function ranked(twin: Twin): Promise<Ranking> {
  const prepared = await twin.prepare(someUser(40));
  return prepared.rank(someCandidates(30));
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !what(); i++) {
    await wait(25);
  }
  expect(what()).toBe(true);
}

/** The items of the tests, of which some have changed, some are gone and some are new. */
function changed() {
  const { keys, columns } = itemColumns(300);
  const next = numbers(99);
  const fresh = (at: number): Record<string, unknown> => ({
    author: `another ${at % 5}`,
    topics: at % 3 === 0 ? null : [Math.floor(next() * 12)],
    cover: Array.from({ length: 5 }, () => next() * 2 - 1),
  });
  const put = keys.filter((key) => key % 3 === 0 || key >= 200);
  const gone = keys.filter((key) => key % 7 === 1 && key % 3 !== 0 && key < 200);
  const values = new Map(put.map((key) => [key, fresh(key)]));
  const pick = (of: readonly number[], name: string) =>
    of.map((key) => values.get(key)?.[name] ?? null) as unknown as RawColumn;
  const names = Object.keys(columns);
  const before = keys.filter((key) => key < 200);
  const column = (name: string, all: readonly number[]) =>
    all.map((key) => (values.has(key) ? values.get(key)![name] : (columns[name] as readonly unknown[])[key])) as never;
  const after = keys.filter((key) => !gone.includes(key));
  const record = <T>(of: (name: string) => T) => Object.fromEntries(names.map((name) => [name, of(name)] as const));
  return {
    before: { keys: before, columns: record((name) => (columns[name] as readonly unknown[]).slice(0, 200) as never) },
    put: { keys: put, columns: record((name) => pick(put, name)) },
    gone,
    after: { keys: after, columns: record((name) => column(name, after)) },
  };
}

const tables = ["float32", "float16", "uint8"].flatMap((precision) =>
  ["mask", "zero", "compute"].map((onMiss) => [precision, onMiss] as const),
);

const ways: readonly (readonly [string, LoadOptions])[] = [
  ["memory", { threads: 1 }],
  ["files", { threads: 1, memory: { table: 0 } }],
  ["files behind a cache", { threads: 1, memory: { table: 0 }, cache: 20_000 }],
];

describe.each(tables)("a table of %s with on_miss: %s", (precision, onMiss) => {
  it("in memory, in files and behind a cache answers as one that was built of the same items", async () => {
    const source = rankSource(`precision: ${precision} on_miss: ${onMiss}`);
    const { before, put, gone, after } = changed();
    const dir = buildInto(join(temporary(), "build"), source);
    await writeTables(dir, before.keys, before.columns);
    const expected = buildInto(join(temporary(), "build"), source);
    await writeTables(expected, after.keys, after.columns);
    const twins = await Promise.all(ways.map(([, options]) => load(dir, options)));
    const whole = await load(expected, { threads: 1 });
    const first = scoresOf(await ranked(twins[0]));
    const report = await upsertItems({
      dir,
      items: itemsFile(put.keys, put.columns),
      remove: itemsFile(gone, {}),
      binding: null,
    });
    expect([report.items, report.removed, report.deltas]).toEqual([put.keys.length, gone.length, [1]]);
    const scores = scoresOf(await ranked(whole));
    expect(scores).not.toEqual(first);
    for (const twin of twins) {
      await until(() => twin.status().deltas!.deltas === 1);
      expect(scoresOf(await ranked(twin))).toEqual(scores);
    }
    await Promise.all([...twins, whole].map((twin) => twin.close()));
  });
});
