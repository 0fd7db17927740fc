// Requests in worker threads: the same numbers, the same errors, a dead thread replaced, an end to all of them.
import { getEventListeners } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { load, type Prepared, type Twin, TwinError } from "../../runtime/index.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import type { WorkerTwin } from "../../runtime/serve/workers/pool.ts";
import { GenerationTables } from "../../runtime/store/generation-tables.ts";
import { hold, mostHeld } from "../../runtime/twin/crossing.ts";
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
    const shared = tables.share();
    if (shared === null || !("image" in shared)) {
      throw new Error("there is no generation in memory");
    }
    const { image } = shared;
    expect(image.tables[0][1].stored).toBeInstanceOf(SharedArrayBuffer);
    expect(image.index.parts.every((part) => part instanceof SharedArrayBuffer)).toBe(true);
    const attached = await GenerationTables.open(artefacts, { ...options, shared });
    const whole = await attached.current()!.table("video_keys")!.floats();
    expect(whole!.values.buffer).toBe(image.tables[0][1].stored);
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
    const pool = (await load(dir, { threads: 1, workers: 1, release: "none" })) as WorkerTwin;
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

  it("are sent the user's side again where they let it go, also after a request that failed", async () => {
    const pool = await load(dir, { threads: 1, workers: 1 });
    const sides: Prepared[] = [];
    for (let i = 0; i <= mostHeld; i++) {
      sides.push(await pool.prepare(someUser(3, i + 1)));
    }
    // The thread prepares the first one again, and lets the second one go for it.
    await expect(sides[0].rank({ candidates: { item: [1] } } as never)).rejects.toThrow(/no column `price`/);
    const found = await sides[1].rank(someCandidates(3));
    const expected = await (await local.prepare(someUser(3, 2))).rank(someCandidates(3));
    expect([...found.logits.click]).toEqual([...expected.logits.click]);
    await pool.close();
  });

  it("end with `close`, after what is under way", async () => {
    const pool = (await load(dir, { threads: 1, workers: 2, release: "none" })) as WorkerTwin;
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
  for (let i = 0; i <= mostHeld; i++) {
    hold(held, i, "");
  }
  expect(held.has(0)).toBe(false);
  hold(held, 1, "again");
  hold(held, mostHeld + 1, "");
  expect(held.has(1)).toBe(true);
  expect(held.has(2)).toBe(false);
  expect(held.size).toBe(mostHeld);
});

const everywhere = [
  ["this thread", { threads: 1 }],
  ["a worker", { threads: 1, workers: 1 }],
] as const;

describe.each(everywhere)("requests in %s", (_, options) => {
  it("wait in a queue of bounded length; one more is refused", async () => {
    const twin = await load(dir, { ...options, queue: 3 });
    const prepared = await twin.prepare(someUser(20));
    const answers = Array.from({ length: 20 }, () => prepared.rank(someCandidates(5)));
    const settled = await Promise.allSettled(answers);
    const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    const atOnce = "workers" in options ? 1 : 4;
    expect(refused).toHaveLength(20 - 3 - atOnce);
    for (const error of refused) {
      expect(error).toBeInstanceOf(TwinError);
      expect(error).toMatchObject({ code: "queue_full", message: expect.stringMatching(/3 requests wait already/) });
    }
    const expected = [...(await prepared.rank(someCandidates(5))).scores.click];
    for (const one of settled) {
      if (one.status === "fulfilled") {
        expect([...one.value.scores.click]).toEqual(expected);
      }
    }
    expect(twin.status().requests).toEqual({ waiting: 0, queue: 3, running: 0, workers: "workers" in options ? 1 : 0 });
    await twin.close();
  });

  it("leave the queue where their signal aborts, and are not done any more", async () => {
    const twin = await load(dir, { ...options, queue: 10 });
    const prepared = await twin.prepare(someUser(20));
    const expected = [...(await prepared.rank(someCandidates(5))).scores.click];
    const stop = new AbortController();
    const { signal } = stop;
    const first = prepared.rank(someCandidates(5));
    const given = [
      prepared.rank(someCandidates(20_000), { signal }),
      ...Array.from({ length: 4 }, () => prepared.rank(someCandidates(20_000), { signal })),
      prepared.explain(someCandidates(1), { signal }),
      twin.prepare(someUser(3), { signal }),
    ];
    for (const one of given) {
      one.catch(() => undefined);
    }
    const last = prepared.rank(someCandidates(5));
    expect(twin.status().requests.waiting).toBeGreaterThan(3);
    stop.abort(new Error("the client is gone"));
    for (const one of given) {
      await expect(one).rejects.toThrow("the client is gone");
    }
    expect(twin.status().requests.waiting).toBeLessThanOrEqual(1);
    for (const one of [first, last]) {
      expect([...(await one).scores.click]).toEqual(expected);
    }
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await twin.close();
  });

  it("run no further graph for nobody: a long ranking that is aborted gives its thread back", async () => {
    const twin = await load(dir, { ...options, memory: { scores: 1 } });
    const prepared = await twin.prepare(someUser(20));
    await prepared.rank(someCandidates(1));
    // One candidate a graph: minutes, if nobody stopped it.
    const stop = new AbortController();
    const long = prepared.rank(someCandidates(100_000), { signal: stop.signal });
    const failed = expect(long).rejects.toMatchObject({ name: "AbortError" });
    setTimeout(() => stop.abort(), 50);
    await failed;
    const began = performance.now();
    expect((await prepared.rank(someCandidates(2))).scores.click).toHaveLength(2);
    await twin.close();
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("fail where their deadline passes", async () => {
    const twin = await load(dir, options);
    const prepared = await twin.prepare(someUser(20), { deadline: Date.now() + 60_000 });
    const late = prepared.rank(someCandidates(20_000), { deadline: Date.now() + 5 });
    await expect(late).rejects.toMatchObject({ name: "TwinError", code: "deadline" });
    await expect(prepared.rank(someCandidates(2), { deadline: 5 })).rejects.toThrow(/deadline is 5: bring a Date/);
    expect((await prepared.rank(someCandidates(2), { deadline: new Date(Date.now() + 60_000) })).scores).toBeDefined();
    await twin.close();
  });

  it("that wait are done before `close` ends", async () => {
    const twin = await load(dir, options);
    const prepared = await twin.prepare(someUser(20));
    const answers = Array.from({ length: 12 }, () => prepared.rank(someCandidates(5)));
    const closing = twin.close();
    await expect(prepared.rank(someCandidates(5))).rejects.toMatchObject({ code: "closed" });
    expect((await Promise.all(answers)).map(({ scores }) => scores.click.length)).toEqual(new Array(12).fill(5));
    await closing;
  });
});

describe("a pool whose thread ends", () => {
  it("fails the request that ran, and does those that wait in its replacement", async () => {
    const pool = await load(dir, { threads: 1, workers: 1 });
    const prepared = await pool.prepare(someUser(40));
    const lost = prepared.rank(someCandidates(10_000));
    const waiting = prepared.rank(someCandidates(4));
    const failed = expect(lost).rejects.toMatchObject({ name: "TwinError", code: "thread_ended" });
    await started[0].terminate();
    await failed;
    expect((await waiting).scores.click).toHaveLength(4);
    await pool.close();
  });

  it("says that it is broken where none can be started in its place", async () => {
    const own = await builtRanked(rankSource());
    const pool = await load(own, { threads: 1, workers: 1 });
    const prepared = await pool.prepare(someUser(40));
    rmSync(join(own, "manifest.yaml"));
    const running = prepared.rank(someCandidates(10_000));
    const waiting = prepared.rank(someCandidates(4));
    const broken = /no worker thread is alive.*manifest\.yaml.*load the folder again/;
    const failed = expect(waiting).rejects.toMatchObject({
      code: "thread_ended",
      message: expect.stringMatching(broken),
    });
    const lost = expect(running).rejects.toMatchObject({ code: "thread_ended" });
    await started[0].terminate();
    await Promise.all([failed, lost]);
    await expect(prepared.rank(someCandidates(4))).rejects.toThrow(broken);
    await expect(pool.prepare(someUser(4))).rejects.toThrow(broken);
    expect(pool.status().requests.workers).toBe(0);
    expect(pool.warnings.join()).toMatch(/0 of 1 are left/);
    await pool.close();
  });
});
