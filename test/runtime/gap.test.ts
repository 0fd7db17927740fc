// Gaps between behaviours in requests: the scores of a model that is told them, whatever the order, what is late and what is cut off.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type PrepareRequest, type Twin } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, now, numbers, rankSource, someCandidates } from "../kit/rank-model.ts";

const max = 12;
const over = { any: "", video: "on: item.video, ", author: "on: item.author, ", topics: "on: item.topics, " } as const;
const names = Object.keys(over) as (keyof typeof over)[];
const source = (kind: (name: keyof typeof over) => string): string =>
  rankSource("precision: float32", 6, max).replace(
    "liked: flag(dim: 2)",
    `liked: flag(dim: 2)\n${names.map((name) => `    ${name}: ${kind(name)}at: [1, 3, 8], dim: 3)`).join("\n")}`,
  );

const twins: Record<"told" | "read" | "kernel", Twin> = Object.create(null);
beforeAll(async () => {
  twins.told = await load(await builtRanked(source(() => "bucketed(")), { threads: 1 });
  const dir = await builtRanked(source((name) => `gap(${over[name]}`).replaceAll("at: [1, 3, 8]", "at: [1s, 3s, 8s]"));
  twins.read = await load(dir, { threads: 1, plan: "graph" });
  twins.kernel = await load(dir, { threads: 1, plan: "kernel" });
});
afterAll(async () => {
  for (const twin of Object.values(twins)) {
    await twin.close();
  }
  cleanUp();
});

const { columns } = itemColumns();

function equal(name: keyof typeof over, a: number, b: number): boolean {
  if (name === "any") {
    return true;
  }
  if (name === "video") {
    return a === b;
  }
  const [one, other] = [columns[name][a], columns[name][b]] as [string | number[], string | number[]];
  return Array.isArray(one) ? one.some((topic) => (other as number[]).includes(topic)) : one === other;
}

/** By behaviour, what passed since the one before among those that count; null: there is none. */
function gaps(name: keyof typeof over, item: readonly number[], time: readonly number[]): (number | null)[] {
  const newest = time
    .map((_, i) => i)
    .filter((i) => time[i] < now)
    .sort((a, b) => time[b] - time[a] || a - b)
    .slice(0, max);
  return time.map((_, i) => {
    const place = newest.indexOf(i);
    const before = newest.find((other, at) => place >= 0 && at > place && equal(name, item[i], item[other]));
    return before === undefined ? null : time[i] - time[before];
  });
}

async function logits(twin: Twin, watched: Record<string, unknown>): Promise<number[]> {
  const prepared = await twin.prepare({ time: now, history: { watched } } as unknown as PrepareRequest);
  return [...(await prepared.rank(someCandidates(7))).logits.click];
}

describe("gaps", () => {
  it.each([0, 1, 2, 3, 11, 12, 40])("are those of %d behaviours that loops find", async (count) => {
    const next = numbers(count + 1);
    const draw = <T>(make: () => T) => Array.from({ length: count }, make);
    const item = draw(() => Math.floor(next() * 6) * 37 + Math.floor(next() * 2));
    const time = draw(() => now + 3 - Math.floor(next() * 40));
    const liked = draw(() => next() < 0.5);
    const told = Object.fromEntries(names.map((name) => [name, gaps(name, item, time)]));
    const due = await logits(twins.told, { item, time, liked, ...told });
    expect(await logits(twins.read, { item, time, liked })).toEqual(due);
    const byKernel = await logits(twins.kernel, { item, time, liked });
    byKernel.forEach((logit, i) => {
      expect(logit).toBeCloseTo(due[i], 4);
    });
    if (count > 10) {
      for (const name of names) {
        const others = { ...told, [name]: told[name].map((gap) => (gap === null ? 9 : null)) };
        expect(await logits(twins.told, { item, time, liked, ...others }), name).not.toEqual(due);
      }
    }
  });

  it("are refused where a request brings them, and need times", async () => {
    await expect(logits(twins.read, { item: [1], time: [now - 1], liked: [true], author: [1] })).rejects.toThrow(
      "history watched: watched.author is computed from the times of the behaviours: leave its column out",
    );
    await expect(logits(twins.read, { item: [1], liked: [true] })).rejects.toThrow(
      "history watched has no column `time`",
    );
  });
});
