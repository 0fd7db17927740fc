// Histories in a request: order, length, padding, misses, and what is wrong with columns.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newestFirst } from "../../runtime/encode/columns.ts";
import { load, type PrepareRequest, type Ranking, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, now, someCandidates, someUser } from "../kit/rank-model.ts";

interface Watched {
  item: number[];
  time: number[];
  liked: (boolean | null)[];
}

let twin: Twin;
beforeAll(async () => {
  twin = await load(await builtRanked(), { threads: 1 });
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

const watchedOf = (request: PrepareRequest): Watched => (request.history as unknown as { watched: Watched }).watched;
const withHistory = (request: PrepareRequest, watched: unknown): PrepareRequest =>
  ({ ...request, history: { watched } }) as PrepareRequest;
const take = ({ item, time, liked }: Watched, order: readonly number[]): Watched => ({
  item: order.map((i) => item[i]),
  time: order.map((i) => time[i]),
  liked: order.map((i) => liked[i]),
});
const rank = async (request: PrepareRequest, count = 5): Promise<Ranking> =>
  (await twin.prepare(request)).rank(someCandidates(count));

describe("the order of behaviours", () => {
  it("is newest first, ties in the caller's order", () => {
    const times = fc.oneof(
      fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }),
      fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { maxLength: 60 }),
      fc.array(fc.integer({ min: -1e12, max: 1e15 }), { maxLength: 60 }),
    );
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 70 }), (values, max) => {
        const expected = values.map((_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
        expect([...newestFirst(Float64Array.from(values), max)]).toEqual(expected.slice(0, max));
      }),
    );
  });

  it("is the caller's among equal times that are no whole numbers, too", () => {
    const halves = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 40 });
    fc.assert(
      fc.property(halves, (values) => {
        const times = Float64Array.from(values, (value) => value / 2 + 0.25);
        const due = values.map((_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
        expect([...newestFirst(times, values.length)]).toEqual(due);
      }),
    );
    expect([...newestFirst(Float64Array.of(1.5, 2.5, 1.5, 2.5), 3)]).toEqual([1, 3, 0]);
  });

  it("does not depend on the caller's, and kept positions count in the caller's columns", async () => {
    const request = someUser(30);
    const watched = watchedOf(request);
    const newest = watched.time.map((_, i) => i).sort((a, b) => watched.time[b] - watched.time[a] || a - b);
    const sorted = await rank(withHistory(request, take(watched, newest)));
    const shuffled = await rank(request);
    expect([...shuffled.scores.click]).toEqual([...sorted.scores.click]);
    expect([...shuffled.kept!.positions]).toEqual([...sorted.kept!.positions].map((place) => newest[place]));
  });

  it("is taken as it stands where the model needs no times and none came", async () => {
    await expect(rank(withHistory(someUser(3), { item: [1], liked: [true] }))).rejects.toThrow(
      /history watched has no column `time`: watched\.ago needs/,
    );
  });
});

describe("behaviours at or after the request's time", () => {
  const early = Array.from({ length: 12 }, (_, i) => i);
  const withLate = (request: PrepareRequest, times: readonly number[]): PrepareRequest => {
    const watched = watchedOf(request);
    return withHistory(request, {
      item: [...times.map((_, i) => 200 + i), ...watched.item],
      time: [...times, ...watched.time],
      liked: [...times.map(() => true), ...watched.liked],
    });
  };

  it("are left out and counted, as training never saw such; positions are still those of the caller's columns", async () => {
    const request = withHistory(someUser(30), take(watchedOf(someUser(30)), early));
    watchedOf(request).time = early.map((i) => now - 10 * (i + 1));
    const due = await rank(request);
    expect(due.late).toBe(0);
    const late = await rank(withLate(request, [now, now + 1, now + 86_400]));
    expect(late.late).toBe(3);
    expect([...late.scores.click]).toEqual([...due.scores.click]);
    expect([...late.kept!.positions]).toEqual([...due.kept!.positions].map((place) => (place < 0 ? -1 : place + 3)));
    const side = await twin.prepare(withLate(request, [now, now + 1, now + 86_400]));
    for (const { attends } of await side.explain(someCandidates(2))) {
      for (const { behaviours } of attends) {
        expect(behaviours.every(({ position }) => position >= 3)).toBe(true);
      }
    }
  });

  it("do not take the places of earlier ones where the history is cut", async () => {
    const request = someUser(60);
    watchedOf(request).time = watchedOf(request).item.map((_, i) => now - 1 - i);
    const late = await rank(
      withLate(
        request,
        Array.from({ length: 50 }, (_, i) => now + i),
      ),
    );
    expect([...late.scores.click]).toEqual([...(await rank(request)).scores.click]);
    expect(late.late).toBe(50);
  });

  it("may be all that there is: the history is empty then", async () => {
    const late = await rank(withLate(withHistory(someUser(0), { item: [], time: [], liked: [] }), [now, now + 5]));
    expect(late.late).toBe(2);
    expect([...late.kept!.positions].every((place) => place === -1)).toBe(true);
  });

  it("are used where the request says no time", async () => {
    const request = withLate(someUser(5), [Date.now() / 1000 + 1000]);
    const { time: _, ...timeless } = request;
    expect((await rank(timeless)).late).toBe(0);
  });
});

describe("the length of a history", () => {
  it("is cut to the newest `max`", async () => {
    const request = someUser(100);
    const watched = watchedOf(request);
    const newest = watched.time.map((_, i) => i).sort((a, b) => watched.time[b] - watched.time[a] || a - b);
    const cut = await rank(withHistory(request, take(watched, newest.slice(0, 40))));
    const whole = await rank(request);
    expect([...whole.scores.click]).toEqual([...cut.scores.click]);
    expect(whole.tables[0].found + whole.tables[0].missed).toBe(40);
  });

  it("may be nought: nothing is kept, every score is a number", async () => {
    const empty = await rank(withHistory(someUser(0), { item: [], time: [], liked: [] }));
    expect([...empty.kept!.positions].every((place) => place === -1)).toBe(true);
    expect([...empty.scores.click, ...empty.logits.like].every(Number.isFinite)).toBe(true);
    expect(empty.coverage).toBe(1);
    expect([...(await rank(withHistory(someUser(0), { item: [] }))).scores.click]).toEqual([...empty.scores.click]);
  });

  it("may be shorter than what is kept: the rest is −1", async () => {
    const few = await rank(someUser(4));
    expect(few.kept!.shape).toEqual([5, 6]);
    for (let n = 0; n < 5; n++) {
      const list = [...few.kept!.positions.subarray(n * 6, n * 6 + 6)];
      expect(list.slice(0, 4).sort()).toEqual([0, 1, 2, 3]);
      expect(list.slice(4)).toEqual([-1, -1]);
    }
  });
});

describe("what a history holds", () => {
  it("may stand directly where there is one history", async () => {
    const request = someUser(12);
    const direct = await rank({ ...request, history: watchedOf(request) } as never);
    expect([...direct.scores.click]).toEqual([...(await rank(request)).scores.click]);
  });

  it("counts items that no table has, and never keeps them", async () => {
    const request = someUser(20);
    const watched = watchedOf(request);
    watched.item[3] = 100_000;
    watched.item[7] = 100_001;
    const found = await rank(request);
    expect(found.misses).toBe(2);
    expect(found.coverage).toBeCloseTo(0.9, 9);
    expect([...found.kept!.positions]).not.toContain(3);
    expect([...found.kept!.positions]).not.toContain(7);
  });

  it("treats behaviours after the request as unknown in time", async () => {
    const request = someUser(1);
    const watched = watchedOf(request);
    const at = async (time: number) => [
      ...(await rank(withHistory(request, { ...watched, time: [time] }))).scores.click,
    ];
    expect(await at(now + 60)).toEqual(await at(now + 1e6));
    expect(await at(now + 60)).not.toEqual(await at(now - 60));
  });

  it("takes keys as numbers, BigInts, typed arrays and decimal strings alike", async () => {
    const request = someUser(15);
    const watched = watchedOf(request);
    const expected = [...(await rank(request)).scores.click];
    const forms = [watched.item.map(BigInt), BigInt64Array.from(watched.item.map(BigInt)), watched.item.map(String)];
    for (const item of forms.slice(0, 2)) {
      expect([...(await rank(withHistory(request, { ...watched, item }))).scores.click]).toEqual(expected);
    }
    expect([...(await rank(withHistory(request, { ...watched, item: forms[2] }))).scores.click]).toEqual(expected);
  });

  const one = { item: [1], time: [now - 5], liked: [true] };
  it.each([
    [{ ...one, likd: [true] }, /history watched has no column `likd`; did you mean `liked`\?/],
    [{ ...one, liked: [true, false] }, /liked has 2 values where 1 are due/],
    [{ ...one, time: [1, 2] }, /time is 1.*1990|1 items and 2 times/s],
    [{ ...one, time: [null] }, /index 0: the time is missing/],
    [{ ...one, time: [now * 1000] }, /looks like milliseconds/],
    [{ time: [now] }, /no column `item`/],
    [{ item: [1], time: [now - 5] }, /no column `liked`/],
    [{ ...one, item: [2 ** 53] }, /key 0 .*has been rounded/],
    [{ ...one, item: [1.5] }, /key 0 is 1\.5/],
    [{ ...one, liked: ["yes"] }, /watched\.liked, index 0: "yes" where true or false/],
    [{ ...one, items: { cover: [[1, 2, 3, 4, Number.NaN]] } }, /item\.cover, index 0/],
    [{ ...one, items: { colour: ["red"] } }, /no column `colour`/],
    [{ ...one, ago: [3] }, /no column `ago`|computed from request time/],
  ])("refuses %j", async (history, message) => {
    await expect(rank({ history } as never)).rejects.toThrow(message);
  });

  it("must be said, even if there is none", async () => {
    await expect(twin.prepare({})).rejects.toThrow(/no history; .*\{history: \{watched: \{item: \[\]\}\}\}/);
    await expect(twin.prepare({ history: { seen: one } } as never)).rejects.toThrow(/no column `seen`|no history/);
    await expect(twin.prepare({ history: one, user: { agee: 3 } } as never)).rejects.toThrow(/did you mean `age`/);
  });
});
