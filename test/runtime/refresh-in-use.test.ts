// Tables that stay in their files, rebuilt and refreshed under users that are prepared and requests that run.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { type LoadOptions, load, type Prepared, type Ranking, TwinError } from "../../runtime/index.ts";
import { cleanUp, writeTables } from "../kit/built-twin.ts";
import { long } from "../kit/effort.ts";
import { needs } from "../kit/needs.ts";
import { expectNoneOpen, openFiles } from "../kit/open-files.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const inFiles: LoadOptions = { threads: 1, memory: { table: 1 } };
const both = [
  ["this thread", inFiles],
  ["two workers", { ...inFiles, workers: 2 }],
] as const;

/** A generation with as many items in its table: each number gives other scores. */
async function rebuild(dir: string, covered: number): Promise<void> {
  const { keys, columns } = itemColumns();
  await writeTables(dir, keys, columns, { covered });
}

/** Generations that follow each other under the requests. */
const rounds = long ? 20 : 8;

const scoresOf = ({ logits }: Ranking): number[] => [...logits.click];

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Files of tables that this process has open. */
const openTables = (dir: string): string[] => openFiles(dir).filter((path) => path.includes("generations"));

describe.each(both)("a refresh, with requests in %s", (_, options) => {
  it("harms no user that is prepared, and no request that runs", async () => {
    const dir = await builtRanked(rankSource());
    const twin = await load(dir, options);
    const users: { readonly prepared: Prepared; readonly scores: number[] }[] = [];
    let ranked = 0;
    let over = false;
    const failures: unknown[] = [];
    const rankAll = async (): Promise<void> => {
      for (let turn = 0; (!over || turn < 50) && failures.length === 0; turn++) {
        const { prepared, scores } = users[turn % users.length];
        try {
          expect(scoresOf(await prepared.rank(someCandidates(7)))).toEqual(scores);
          ranked++;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const prepareOne = async (): Promise<void> => {
      const prepared = await twin.prepare(someUser(40));
      users.push({ prepared, scores: scoresOf(await prepared.rank(someCandidates(7))) });
    };
    await prepareOne();
    const ranking = [rankAll(), rankAll(), rankAll(), rankAll()];
    for (let round = 0; round < rounds; round++) {
      await rebuild(dir, 20 + 10 * round);
      const [first, second] = await Promise.all([twin.refresh(), twin.refresh(), prepareOne()]);
      expect([first, second]).toEqual([true, false]);
    }
    await prepareOne();
    over = true;
    await Promise.all(ranking);
    expect(failures).toEqual([]);
    expect(ranked).toBeGreaterThanOrEqual(200);
    expect(new Set(users.map(({ scores }) => scores.join())).size).toBeGreaterThan(3);
    expect(twin.status().generation).toBe(rounds + 1);
    await twin.close();
    await expectNoneOpen(dir);
  }, 120_000);

  const timed = { ...needs("proc"), timeout: 60_000 };
  it("lets the files of a generation go when its last user is gone", timed, async () => {
    const dir = await builtRanked(rankSource());
    const twin = await load(dir, options);
    const one = openTables(dir).length;
    expect(one).toBe(2);
    let users: Prepared[] = [];
    for (let round = 0; round < 3; round++) {
      users.push(await twin.prepare(someUser(30)));
      await rebuild(dir, 100 + round);
      expect(await twin.refresh()).toBe(true);
    }
    await users[0].rank(someCandidates(2));
    expect(openTables(dir)).toHaveLength(4 * one);
    users = [];
    for (let i = 0; i < 50 && openTables(dir).length > one; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      collect();
    }
    expect(openTables(dir)).toHaveLength(one);
    await twin.close();
    expect(openTables(dir)).toEqual([]);
  });

  it("closes no file under a user that is being prepared", async () => {
    // Longer than what is read from a file before others get their turn.
    const dir = await builtRanked(rankSource("precision: float32", 6, 9000));
    const twin = await load(dir, options);
    const lifelong = someUser(8000);
    const expected = scoresOf(await (await twin.prepare(lifelong)).rank(someCandidates(3)));
    for (const covered of [50, 100]) {
      await rebuild(dir, covered);
      const [prepared, renewed] = await Promise.all([twin.prepare(lifelong), twin.refresh()]);
      expect(renewed).toBe(true);
      if (covered === 50) {
        expect(scoresOf(await prepared.rank(someCandidates(3)))).toEqual(expected);
      }
    }
    await twin.close();
    await expectNoneOpen(dir);
  }, 120_000);

  it("without a user lets them go at once", needs("proc"), async () => {
    const dir = await builtRanked(rankSource());
    const twin = await load(dir, options);
    const before = openTables(dir).length;
    await rebuild(dir, 100);
    expect(await twin.refresh()).toBe(true);
    expect(openTables(dir)).toHaveLength(before);
    await twin.close();
  });

  it("ends with `close`, which waits for what is under way and refuses what comes", async () => {
    const dir = await builtRanked(rankSource());
    const twin = await load(dir, options);
    const prepared = await twin.prepare(someUser(20));
    await rebuild(dir, 100);
    const scores = scoresOf(await prepared.rank(someCandidates(500)));
    const under = [prepared.rank(someCandidates(500)), twin.refresh()] as const;
    const closing = [twin.close(), twin.close()];
    const gone = new TwinError(`${dir} was closed: load it again`, { code: "closed" });
    const late = [
      () => twin.prepare(someUser(3)),
      () => twin.refresh(),
      () => prepared.rank(someCandidates(2)),
      () => prepared.explain(someCandidates(1)),
      async () => twin.status(),
    ];
    for (const call of late) {
      await expect(call()).rejects.toEqual(gone);
    }
    expect(scoresOf(await under[0])).toEqual(scores);
    expect(await under[1]).toBe(true);
    await Promise.all(closing);
    for (const call of late) {
      await expect(call()).rejects.toEqual(gone);
    }
    await expectNoneOpen(dir);
  });
});
