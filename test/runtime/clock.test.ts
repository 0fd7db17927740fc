// Hours and weekdays in requests: the scores of a model that is told them, at any time and in whatever form it is said; and in
// a log in memory.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

const told = "context { at: id(vocab: 24, dim: 3) day: id(vocab: 7, dim: 2) }";
const read = 'context { at: hour(zone: "Asia/Kathmandu", dim: 3) day: weekday(zone: "America/St_Johns", dim: 2) }';
const source = (context: string): string => rankSource().replace(/context \{.*\}/, context);

let twins: { readonly told: Twin; readonly read: Twin };
beforeAll(async () => {
  const open = async (context: string) => load(await builtRanked(source(context)), { threads: 1 });
  twins = { told: await open(told), read: await open(read) };
});
afterAll(async () => {
  await twins.told.close();
  await twins.read.close();
  cleanUp();
});

const { candidates } = someCandidates(5);

async function scores(twin: Twin, time: unknown, context: Record<string, number> | undefined): Promise<number[]> {
  const prepared = await twin.prepare({ ...someUser(12), time: time as number });
  const ranking = await prepared.rank(context === undefined ? { candidates } : { context, candidates });
  expect(ranking.missing).toEqual([]);
  return [...ranking.logits.click];
}

describe("a request", () => {
  it.each([
    // UTC, Kathmandu +5:45, Newfoundland −3:30 or −2:30 in summer.
    ["2023-11-14T22:13:20Z", 3, 1],
    ["2024-01-01T02:00:00Z", 7, 6],
    ["2024-07-01T02:29:59Z", 8, 6],
    ["2024-07-01T02:30:00Z", 8, 0],
    ["2024-12-31T18:14:59Z", 23, 1],
    ["2024-12-31T18:15:00Z", 0, 1],
  ])("at %s is ranked as if it brought hour %d and day %d", async (time, at, day) => {
    const due = await scores(twins.told, time, { at, day });
    expect(await scores(twins.read, time, undefined)).toEqual(due);
    expect(await scores(twins.read, Date.parse(time) / 1000, undefined)).toEqual(due);
    expect(await scores(twins.read, new Date(time), {})).toEqual(due);
    // They matter: another hour and another day give others.
    expect(await scores(twins.told, time, { at: (at + 1) % 24, day })).not.toEqual(due);
    expect(await scores(twins.told, time, { at, day: (day + 1) % 7 })).not.toEqual(due);
  });

  it("without a time is one of now, and one that brings what is computed is refused", async () => {
    const { time: _, ...user } = someUser(3);
    const prepared = await twins.read.prepare(user);
    expect((await prepared.rank({ candidates })).missing).toEqual([]);
    await expect(prepared.rank({ context: { at: 3 }, candidates })).rejects.toThrow(
      "context: context.at is computed from the request's time: leave it out",
    );
    await expect(prepared.rank({ context: { hour: 3 }, candidates })).rejects.toThrow(/context has no column `hour`/);
  });
});
