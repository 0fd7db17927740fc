// Ranking: how many candidates, chunks, item features, misses by policy, memory of tables, several requests at once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type PrepareRequest, type Ranking, type RankRequest, type Twin } from "../../runtime/index.ts";
import { prepareSide } from "../../runtime/request/prepare.ts";
import { LocalTwin } from "../../runtime/serve/twin.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, itemCount, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

let dir: string;
let twin: Twin;
beforeAll(async () => {
  dir = await builtRanked();
  twin = await load(dir, { threads: 1 });
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

const rank = async (by: Twin, user: PrepareRequest, candidates: RankRequest): Promise<Ranking> =>
  (await by.prepare(user)).rank(candidates);

/** Equal up to what float32 leaves open. */
function close(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i] - expected[i])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected[i])));
  }
}

describe("the number of candidates", () => {
  it("may be nought", async () => {
    const none = await rank(twin, someUser(20), { candidates: { item: [], price: [] } });
    expect(none.scores.click).toHaveLength(0);
    expect(none.kept!.shape).toEqual([0, 6]);
    expect((await rank(twin, someUser(20), { candidates: { item: [] } })).scores.like).toHaveLength(0);
  });

  it("does not change a candidate's score: 10,000 in chunks, one by one, in small chunks", async () => {
    const user = someUser(40);
    const many = someCandidates(10_000);
    const all = await rank(twin, user, many);
    expect(all.scores.click).toHaveLength(10_000);
    const item = many.candidates.item as number[];
    const price = many.candidates.price as number[];
    const prepared = await twin.prepare(user);
    for (const n of [0, 1, 2047, 2048, 9999]) {
      const one = await prepared.rank({ ...many, candidates: { item: [item[n]], price: [price[n]] } });
      close(one.logits.click, all.logits.click.subarray(n, n + 1));
      expect([...one.kept!.positions]).toEqual([...all.kept!.positions.subarray(6 * n, 6 * n + 6)]);
    }
    const tight = await load(dir, { threads: 1, memory: { scores: 6 * 4 * 2 * 40 * 3 } });
    const few = someCandidates(50);
    const chunked = await rank(tight, user, few);
    const whole = await rank(twin, user, few);
    close(chunked.logits.like, whole.logits.like);
    expect([...chunked.kept!.positions]).toEqual([...whole.kept!.positions]);
    await tight.close();
  });
});

describe("item features", () => {
  it("come from the store, or with the request, and then win", async () => {
    const { columns } = itemColumns();
    const candidates = someCandidates(6);
    const item = candidates.candidates.item as number[];
    const bring = (change: object) => {
      const items = Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, item.map((key) => column[key])]),
      );
      return { ...candidates, candidates: { ...candidates.candidates, items: { ...items, ...change } as never } };
    };
    const stored = await rank(twin, someUser(30), candidates);
    close((await rank(twin, someUser(30), bring({}))).scores.click, stored.scores.click);
    const other = await rank(twin, someUser(30), bring({ author: item.map(() => "somebody else") }));
    expect([...other.scores.click]).not.toEqual([...stored.scores.click]);
  });

  it("of an unknown candidate are unknown, and it is counted", async () => {
    const found = await rank(twin, someUser(30), { candidates: { item: [1, 999_999], price: [1, 1] } });
    expect(found.unknownCandidates).toBe(1);
    expect([...found.scores.click].every(Number.isFinite)).toBe(true);
    expect(found.missing).toEqual(["context.hour"]);
  });
});

describe("what is wrong with candidates", () => {
  it.each([
    [{}, /no candidates/],
    [{ candidates: { price: [1] } }, /no column `item`/],
    [{ candidates: { item: [1] } }, /no column `price`/],
    [{ candidates: { item: [1, 2], price: [1] } }, /candidate\.price has 1 values where 2/],
    [{ candidates: { item: [2 ** 60], price: [1] } }, /candidates: key 0 .*rounded/],
    [{ candidates: { item: [1], price: ["dear"] } }, /candidate\.price, index 0: "dear"/],
    [{ candidates: { item: [1], price: [1], prize: [1] } }, /no column `prize`; did you mean `price`/],
    [
      { candidates: { item: [1], price: [1] }, context: { hours: 1 } },
      /context has no column `hours`; did you mean `hour`/,
    ],
    [{ candidates: { item: [1], price: [1] }, context: { hour: "five" } }, /context\.hour, index 0: "five"/],
  ])("%j", async (request, message) => {
    await expect(rank(twin, someUser(3), request as never)).rejects.toThrow(message);
  });
});

describe("misses", () => {
  // The tables hold items 0 … 199 of 300.
  const user = someUser(40, 11);
  const item = (user.history as unknown as { watched: { item: number[] } }).watched.item;
  const missed = item.flatMap((key, i) => (key >= 200 ? [i] : []));
  const under = async (policy: string, request = user) => {
    const loaded = await load(await builtRanked(rankSource(policy), { covered: 200 }), { threads: 1 });
    const found = await rank(loaded, request, someCandidates(20));
    await loaded.close();
    return found;
  };

  it("are never kept under `mask`", async () => {
    const found = await under("precision: float32 on_miss: mask");
    expect(found.misses).toBe(missed.length);
    expect(missed.length).toBeGreaterThan(5);
    expect(missed.some((position) => found.kept!.positions.includes(position))).toBe(false);
  });

  it("may be kept for their bias under `zero`", async () => {
    const watched = { item: [290, 291, 292], time: [1.6e9, 1.61e9, 1.62e9], liked: [true, false, null] };
    const unknown = { ...user, history: { watched } };
    const kept = async (policy: string) =>
      new Set((await under(`precision: float32 ${policy}`, unknown)).kept!.positions);
    expect(await kept("on_miss: zero")).toEqual(new Set([0, 1, 2, -1]));
    expect(await kept("on_miss: mask")).toEqual(new Set([-1]));
  });

  it.each(["float32", "float16", "uint8"])("are projected under `compute`, with %s rows", async (precision) => {
    const found = await under(`precision: ${precision} on_miss: compute`);
    expect(found.tables[0]).toMatchObject({
      missed: missed.length,
      computed: missed.length,
      found: 40 - missed.length,
    });
    if (precision !== "float32") {
      return;
    }
    const full = await rank(twin, user, someCandidates(20));
    close(found.logits.click, full.logits.click);
    expect([...found.kept!.positions]).toEqual([...full.kept!.positions]);
  });
});

it("a single item that is missed has the row that it has in a table, to the bit", async () => {
  const compute = rankSource("precision: float32 on_miss: compute");
  const alone = await LocalTwin.open(await builtRanked(compute, { covered: itemCount - 1 }), { threads: 1 });
  const whole = await LocalTwin.open(await builtRanked(compute), { threads: 1 });
  for (const seed of [1, 2, 3]) {
    const request = someUser(20, seed, itemCount - 1);
    (request.history!.watched as { item: number[] }).item[7] = itemCount - 1;
    const [one, other] = [
      await rank(alone, request, someCandidates(20)),
      await rank(whole, request, someCandidates(20)),
    ];
    expect(one.tables[0]).toMatchObject({ missed: 1, computed: 1 });
    expect(one.logits.click).toEqual(other.logits.click);
  }
  await alone.close();
  await whole.close();
});

describe("tables and embeddings", () => {
  it("go to ONNX Runtime as they lie in memory where they are float32", async () => {
    const local = await LocalTwin.open(dir, { threads: 1 });
    const first = await prepareSide(local.engine, someUser(40));
    const second = await prepareSide(local.engine, someUser(30, 5));
    const rows = first.tables.get("video_keys")!.rows;
    expect(rows.data.buffer).toBe(second.tables.get("video_keys")!.rows.data.buffer);
    const whole = await local.engine.tables.current()!.table("video_keys")!.floats();
    expect(rows.data.buffer).toBe(whole!.values.buffer);
    expect(rows.shape).toEqual([301, 8]);
    await local.close();
  });

  it("give the same scores whether rows are looked up in the graph or gathered before it", async () => {
    const local = await LocalTwin.open(dir, { threads: 1 });
    const inFile = await load(dir, { threads: 1, memory: { table: 16 } });
    const expected = await rank(local, someUser(40), someCandidates(8));
    close((await rank(inFile, someUser(40), someCandidates(8))).scores.click, expected.scores.click);
    await Promise.all([local.close(), inFile.close()]);
  });

  it("give the same scores with every embedding table outside the graphs", async () => {
    const outside = await load(await builtRanked(rankSource(), {}, { outside: "all" }), { threads: 1 });
    expect(outside.manifest.graphs.request).toBeUndefined();
    for (const length of [0, 3, 40]) {
      const expected = await rank(twin, someUser(length), someCandidates(8));
      const found = await rank(outside, someUser(length), someCandidates(8));
      close(found.logits.click, expected.logits.click);
      expect([...found.kept!.positions]).toEqual([...expected.kept!.positions]);
    }
    await outside.close();
  });
});

it("serves two requests at once", async () => {
  const users = [someUser(40), someUser(12, 9)];
  const serial: Ranking[] = [];
  for (const user of users) {
    serial.push(await rank(twin, user, someCandidates(30)));
  }
  const together = await Promise.all(users.map((user) => rank(twin, user, someCandidates(30))));
  together.forEach((found, i) => {
    expect([...found.scores.click]).toEqual([...serial[i].scores.click]);
    expect([...found.kept!.positions]).toEqual([...serial[i].kept!.positions]);
  });
});
