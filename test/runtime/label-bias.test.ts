// What biases a label in training, where the model serves: no request needs it, and none changes by it.
import { afterAll, expect, it } from "vitest";
import { typesText } from "../../cli/declare/model-types.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const source = rankSource()
  .replace("hour: id(vocab: 24, dim: 2)", "hour: id(vocab: 24, dim: 2) slot: id(vocab: 9, dim: 2)")
  .replace("price: number(scale: log)", "price: number(scale: log) rank: number(scale: none)")
  .replace("user, context, candidate]", "user, context.hour, candidate.price]")
  .replace("click: binary", "click: binary(bias: [context.slot, candidate.rank])");

it("is asked for by no graph and no request, and may come along", async () => {
  const dir = await builtRanked(source);
  const twin = await load(dir, { threads: 1 });
  try {
    const { manifest } = twin;
    expect(typesText(manifest)).not.toMatch(/\b(slot|rank)[?]?:\s*(readonly )?(number|Number)/);
    const inputs = Object.values(manifest.graphs).flatMap((graph) => graph?.inputs.map(({ name }) => name) ?? []);
    expect(inputs.filter((name) => /slot|rank/.test(name))).toEqual([]);
    const prepared = await twin.prepare(someUser(30));
    const request = someCandidates(25);
    const bare = await prepared.rank(request);
    expect(bare.missing).toEqual([]);
    const along = await prepared.rank({
      context: { ...request.context, slot: 3 },
      candidates: { ...request.candidates, rank: Array.from({ length: 25 }, (_, i) => i) },
    });
    expect(along.logits).toEqual(bare.logits);
    const without = { ...request, context: {} };
    expect((await prepared.rank(without)).missing).toEqual(["context.hour"]);
    expect((await selfTest(dir, { threads: 1, requests: 3 })).passed).toBe(true);
  } finally {
    await twin.close();
  }
}, 60_000);

it("is asked for all the same where a query reads it, too", async () => {
  const asked = source.replace("query: item", "query: [item, context.slot]");
  const twin = await load(await builtRanked(asked), { threads: 1 });
  try {
    const feature = (name: string) => twin.manifest.features.find((one) => one.name === name);
    expect(feature("context.slot")?.training).toBeUndefined();
    expect(feature("candidate.rank")?.training).toBe(true);
    const prepared = await twin.prepare(someUser(30));
    const { context, ...request } = someCandidates(25);
    const [one, other] = await Promise.all(
      [3, 5].map((slot) => prepared.rank({ ...request, context: { ...context, slot } })),
    );
    expect(one.logits.click).not.toEqual(other.logits.click);
  } finally {
    await twin.close();
  }
});
