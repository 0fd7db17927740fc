// Wide terms where models run: with embeddings outside the graphs as inside, and through what training does to tables.
import { afterAll, describe, expect, it } from "vitest";
import { initialValues, type Model, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, numbers, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";
import { startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const wide = "wide: [item, user, context, candidate]";
const source = rankSource().replace("hidden: [8]", `hidden: [8] ${wide}`);

/** Start values, and of wide terms, which start at 0, numbers between −1 and 1. */
function learned(model: Model): WeightSource {
  const all = parameters(model);
  const start = initialValues(all, 1);
  const next = numbers(11);
  const drawn = new Map(
    all.map(({ name }) => {
      const values = start.read(name).slice();
      return [name, name.includes(".wide.") ? values.map(() => 2 * next() - 1) : values];
    }),
  );
  return {
    tensors: new Map(all.map((one) => [one.name, one])),
    step: 1,
    path: "drawn",
    read: (name) => drawn.get(name)!,
    chunks: (name) => [littleEndian(drawn.get(name)!)],
  };
}

describe("wide terms that serve", () => {
  const weights = learned(compiled(source, { vocabularies: new Map() }).model as Model);
  const scores = async (outside: "none" | "all") => {
    const dir = await builtRanked(source, {}, { outside, weights });
    const twin = await load(dir, { threads: 1 });
    const prepared = await twin.prepare(someUser(30));
    const { scores, logits } = await prepared.rank(someCandidates(25));
    await twin.close();
    return { dir, scores, logits };
  };

  it("read the same rows whether embeddings lie inside or outside, and pass the self-test", async () => {
    const [inside, apart] = [await scores("none"), await scores("all")];
    expect(new Set(inside.scores.click).size).toBeGreaterThan(10);
    for (const label of ["click", "like"]) {
      inside.scores[label].forEach((score, i) => {
        expect(Math.abs(apart.scores[label][i] - score)).toBeLessThan(1e-6);
      });
    }
    for (const { dir } of [inside, apart]) {
      expect((await selfTest(dir, { threads: 1, requests: 4 })).passed).toBe(true);
    }
  }, 60_000);
});

describe("wide terms that learn", () => {
  it("begin at 0 again where tables begin anew, and leave the others' draws as they are", () => {
    const renewed = "renew: embeddings";
    const plain = topicModel(topicSource(renewed, 5000));
    const beside = topicModel(topicSource(renewed, 5000).replace("[32, 16]", "[32, 16] wide: [item.video]"));
    const states = [plain, beside].map(({ model, plan }) => startState(model, plan.spec));
    for (const state of states) {
      for (const { values } of state.tables.values()) {
        values.fill(3);
      }
      state.renew(1, 1, 0.05);
    }
    const [before, after] = states.map((state) => state.table("item.video.table").values);
    expect(after).toEqual(before);
    const { values, state } = states[1].table("ranking.wide.item.video.table");
    expect(values.length).toBe(5001);
    expect([...values, ...state].every((value) => value === 0)).toBe(true);
  });
});
