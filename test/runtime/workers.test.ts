// Requests in worker threads: the same numbers, the same errors, a dead thread replaced, an end to all of them.
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { load, type Twin, TwinError } from "../../runtime/index.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { HELD, hold } from "../../runtime/serve/workers/messages.ts";
import type { WorkerTwin } from "../../runtime/serve/workers/pool.ts";
import { GenerationTables } from "../../runtime/store/generation-tables.ts";
import { cleanUp, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

let dir: string;
let local: Twin;
const started: Worker[] = [];
const remember = (worker: Worker) => started.push(worker);
beforeAll(async () => {
  process.on("worker", remember);
  dir = await builtRanked();
  local = await load(dir, { threads: 1 });
});
beforeEach(() => {
  started.length = 0;
});
afterAll(async () => {
  process.off("worker", remember);
  await local.close();
  cleanUp();
});

describe("workers", () => {
  it("give the numbers of this thread, whichever thread a request meets", async () => {
    const pool = await load(dir, { threads: 1, workers: 2 });
    const users = Array.from({ length: 6 }, (_, i) => someUser(7 * i, i + 1));
    const found = await Promise.all(
      users.map(async (user) => {
        const prepared = await pool.prepare(user);
        const both = await Promise.all([prepared.rank(someCandidates(9)), prepared.rank(someCandidates(9))]);
        expect([...both[0].scores.click]).toEqual([...both[1].scores.click]);
        return { ranking: both[0], why: await prepared.explain(someCandidates(1)) };
      }),
    );
    for (let i = 0; i < users.length; i++) {
      const prepared = await local.prepare(users[i]);
      const expected = await prepared.rank(someCandidates(9));
      const { ranking, why } = found[i];
      expect([...ranking.kept!.positions]).toEqual([...expected.kept!.positions]);
      ranking.logits.click.forEach((value, n) => {
        expect(value).toBeCloseTo(expected.logits.click[n], 5);
      });
      expect(ranking).toMatchObject({ misses: expected.misses, keys: expected.keys, untrained: true });
      expect(why[0].attends.map(({ attend }) => attend)).toEqual(["interest", "recent"]);
    }
    expect(started).toHaveLength(2);
    await pool.close();
  });

  it("leave this thread free while they work", async () => {
    const pool = await load(dir, { threads: 1, workers: 1 });
    const prepared = await pool.prepare(someUser(40));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await prepared.rank(someCandidates(10_000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
    await pool.close();
  });

  it("use one copy of the tables", async () => {
    const artefacts = await openArtefacts(dir, () => undefined);
    const options = { maxStaleness: 0, memoryLimit: 2 ** 31, share: true };
    const tables = await GenerationTables.open(artefacts, options);
    const image = tables.share()!;
    expect(image.tables[0][1].stored).toBeInstanceOf(SharedArrayBuffer);
    expect(image.index.parts.every((part) => part instanceof SharedArrayBuffer)).toBe(true);
    const attached = await GenerationTables.open(artefacts, { ...options, shared: image });
    expect(attached.current()!.table("video_keys")!.whole()!.buffer).toBe(image.tables[0][1].stored);
    tables.close();
  });

  it("pass errors on as they are", async () => {
    const pool = await load(dir, { threads: 1, workers: 1 });
    const wrong = await pool
      .prepare({ history: { item: [1.5], time: [1.7e9], liked: [null] } } as never)
      .catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(TwinError);
    expect((wrong as Error).message).toMatch(/history watched: key 0 is 1\.5/);
    const uncloneable = pool.prepare({ history: { item: [() => 1], time: [1.7e9] } } as never);
    await expect(uncloneable).rejects.toThrow(/cannot be sent to a worker thread/);
    const prepared = await pool.prepare(someUser(5));
    await expect(prepared.rank({ candidates: { item: [1] } } as never)).rejects.toThrow(/no column `price`/);
    expect((await prepared.rank(someCandidates(2))).scores.click).toHaveLength(2);
    await pool.close();
  });

  it("are replaced where one dies: its request fails, the next one is served", async () => {
    const pool = (await load(dir, { threads: 1, workers: 1 })) as WorkerTwin;
    const prepared = await pool.prepare(someUser(40));
    const expected = [...(await prepared.rank(someCandidates(4))).scores.click];
    const lost = prepared.rank(someCandidates(10_000));
    const failed = expect(lost).rejects.toThrow(/worker thread that ran this request ended.*send the request again/);
    await started[0].terminate();
    await failed;
    expect([...(await prepared.rank(someCandidates(4))).scores.click]).toEqual(expected);
    expect(started).toHaveLength(2);
    expect(pool.alive).toBe(1);
    await pool.close();
  });

  it("end with `close`, after what is under way", async () => {
    const pool = (await load(dir, { threads: 1, workers: 2 })) as WorkerTwin;
    const prepared = await pool.prepare(someUser(10));
    const last = prepared.rank(someCandidates(3));
    await pool.close();
    expect((await last).scores.click).toHaveLength(3);
    expect(pool.alive).toBe(0);
    await expect(prepared.rank(someCandidates(3))).rejects.toThrow(/was closed/);
    expect(started.every((worker) => worker.threadId === -1)).toBe(true);
  });

  it("take a newer generation over", async () => {
    const own = await builtRanked(rankSource());
    const pool = await load(own, { threads: 1, workers: 1 });
    const { keys, columns } = itemColumns();
    await writeTables(own, keys, columns, { covered: 50 });
    expect(await pool.refresh()).toBe(true);
    const found = await (await pool.prepare(someUser(40))).rank(someCandidates(2));
    expect(found.misses).toBeGreaterThan(0);
    expect(pool.status().generation).toBe(2);
    await pool.close();
  });

  it("say why they could not start", async () => {
    await expect(load("/nowhere/at-all", { workers: 1 })).rejects.toThrow(/manifest\.yaml/);
    expect(started).toHaveLength(0);
  });
});

it("holds the newest users' sides only", () => {
  const held = new Map<number, string>();
  for (let i = 0; i <= HELD; i++) hold(held, i, "");
  expect(held.has(0)).toBe(false);
  hold(held, 1, "again");
  hold(held, HELD + 1, "");
  expect(held.has(1)).toBe(true);
  expect(held.has(2)).toBe(false);
  expect(held.size).toBe(HELD);
});
