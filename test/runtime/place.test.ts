// Places of behaviours in requests: the scores of a model that is told them, whatever the order, what is late and what is cut off.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type PrepareRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, now, numbers, rankSource, someCandidates } from "../kit/rank-model.ts";

const max = 12;
const source = (kind: string, timed = true): string => {
  const liked = `liked: flag(dim: 2)\n    place: ${kind}(at: [2, 4, 9], dim: 3)`;
  const text = rankSource("precision: float32", 6, max).replace("liked: flag(dim: 2)", liked);
  return timed ? text : text.replace("ago: elapsed(at: [1h, 1d], dim: 3)", "");
};

const twins: Record<"told" | "read" | "toldOrder" | "readOrder", Twin> = Object.create(null);
beforeAll(async () => {
  const open = async (kind: string, timed: boolean) => load(await builtRanked(source(kind, timed)), { threads: 1 });
  twins.told = await open("bucketed", true);
  twins.read = await open("place", true);
  twins.toldOrder = await open("bucketed", false);
  twins.readOrder = await open("place", false);
});
afterAll(async () => {
  for (const twin of Object.values(twins)) {
    await twin.close();
  }
  cleanUp();
});

/** Of behaviours in no order, some at or after the request: the place of each; null where it does not count. */
function places(times: readonly number[]): (number | null)[] {
  return times.map((time, i) => {
    const newer = times.filter((other, j) => other < now && (other > time || (other === time && j < i)));
    return time < now ? newer.length + 1 : null;
  });
}

async function logits(twin: Twin, watched: Record<string, unknown>): Promise<number[]> {
  const prepared = await twin.prepare({ time: now, history: { watched } } as unknown as PrepareRequest);
  return [...(await prepared.rank(someCandidates(7))).logits.click];
}

describe("places", () => {
  it.each([0, 1, 3, 11, 12, 40])("are counted from the newest of %d that lie before the request", async (count) => {
    const next = numbers(count + 1);
    const draw = <T>(make: () => T) => Array.from({ length: count }, make);
    const item = draw(() => Math.floor(next() * 300));
    const time = draw(() => now + 3 - Math.floor(next() * 20));
    const liked = draw(() => next() < 0.5);
    const due = await logits(twins.told, { item, time, liked, place: places(time) });
    expect(await logits(twins.read, { item, time, liked })).toEqual(due);
    if (count > 2) {
      const backwards = places(time).map((place) => place && 13 - place);
      expect(await logits(twins.told, { item, time, liked, place: backwards })).not.toEqual(due);
    }
    // Without times they stand newest first.
    const order = draw(() => 0).map((_, i) => i + 1);
    const inOrder = await logits(twins.toldOrder, { item, liked, place: order });
    expect(await logits(twins.readOrder, { item, liked })).toEqual(inOrder);
  });

  it("are refused where a request brings them", async () => {
    const watched = { item: [1], time: [now - 1], liked: [true], place: [1] };
    await expect(logits(twins.read, watched)).rejects.toThrow(
      "history watched: watched.place is computed from the order of the behaviours: leave its column out",
    );
  });
});
