// Scoring a stream of samples: every row, with its own history, as ranking it alone would.
import { afterAll, expect, it } from "vitest";
import type { SampleRequest, UserChunk } from "../../runtime/data/samples.ts";
import { load, type PrepareRequest, score } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

function sample(user: PrepareRequest, row: number, candidates: number): SampleRequest {
  const { context, candidates: columns } = someCandidates(candidates, row + 3);
  return {
    userKey: BigInt(row),
    user: user.user,
    context,
    time: user.time,
    history: user.history,
    candidates: columns,
    rows: Float64Array.from({ length: candidates }, (_, i) => row + i),
    labels: { click: new Float64Array(candidates).fill(1) },
    weight: null,
  } as unknown as SampleRequest;
}

it("ranks each request of each user with that request's own history", async () => {
  const twin = await load(await builtRanked(), { threads: 1 });
  const users = [someUser(40, 1), someUser(3, 2), someUser(0, 3)];
  const chunks: UserChunk[] = users.map((user, i) => ({
    user: BigInt(i),
    events: 1,
    requests: [sample(user, 10 * i, 4), sample(user, 10 * i + 5, 1)],
  }));
  const scored = [];
  for await (const rows of score(twin, chunks)) {
    scored.push(rows);
  }
  expect(scored.flatMap(({ rows }) => [...rows])).toEqual([0, 1, 2, 3, 5, 10, 11, 12, 13, 15, 20, 21, 22, 23, 25]);
  expect(scored.map(({ looked }) => looked)).toEqual([40, 40, 3, 3, 0, 0]);
  for (const [i, { scores, logits, labels }] of scored.entries()) {
    const prepared = await twin.prepare(users[Math.floor(i / 2)]);
    const row = 10 * Math.floor(i / 2) + (i % 2 === 0 ? 0 : 5);
    const alone = await prepared.rank(someCandidates(i % 2 === 0 ? 4 : 1, row + 3));
    expect([...scores.click]).toEqual([...alone.scores.click]);
    expect([...logits.like]).toEqual([...alone.logits.like]);
    expect([...labels.click].every((label) => label === 1)).toBe(true);
  }
  await twin.close();
});

it("says which user's row is wrong", async () => {
  const twin = await load(await builtRanked(), { threads: 1 });
  const wrong = { ...sample(someUser(3), 7, 1), candidates: { item: [1.5], price: [1] } } as unknown as SampleRequest;
  const run = async () => {
    for await (const _ of score(twin, [{ user: 7n, events: 1, requests: [wrong] }])) {
      expect(_).toBeUndefined();
    }
  };
  await expect(run()).rejects.toThrow(/user 7, row 7 of the events: candidates: key 0 is 1\.5/);
  await twin.close();
});
