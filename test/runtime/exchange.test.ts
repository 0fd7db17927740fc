// Batches with values of other samples: what is exchanged comes from there, what is not stays, whatever is numbered anew.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../contract/random.ts";
import type { Assembled } from "../../runtime/learn/assemble.ts";
import { type Exchange, exchanged } from "../../runtime/learn/exchange.ts";
import { type Feeder, localFeeder } from "../../runtime/learn/feeder.ts";
import type { TrainGraphs } from "../../runtime/learn/graphs.ts";
import { shuffle } from "../../runtime/learn/order.ts";
import type { TrainPlan } from "../../runtime/learn/plan.ts";
import { Scorer } from "../../runtime/learn/score.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { openGraphs, startState, topicModel, topicSource } from "../kit/trained.ts";

let plan: TrainPlan;
let feeder: Feeder;
let graphs: TrainGraphs;
let scorer: Scorer;

beforeAll(() => {
  const found = topicModel(topicSource("", 5000));
  plan = found.plan;
  feeder = localFeeder(found.dataset, plan, 1);
  graphs = openGraphs(found.dir, plan.spec, 1);
  scorer = new Scorer(plan, startState(found.model, plan.spec), graphs);
});
afterAll(async () => {
  await graphs.close();
  cleanUp();
});

const count = 40;
const mine = () =>
  feeder.samples(
    "test",
    Uint32Array.from({ length: count }, (_, i) => i),
  );
const theirs = () =>
  feeder.samples(
    "test",
    Uint32Array.from({ length: count }, (_, i) => 99 - i),
  );
const logits = async (batch: Assembled) => (await scorer.score(batch, false)).logit.click;
const near = (a: Float32Array, b: Float32Array) => {
  for (const [i, value] of a.entries()) {
    expect(value).toBeCloseTo(b[i], 5);
  }
};

const item = (): Exchange => ({ kind: "item", features: plan.itemFeatures });
const single = (): Exchange => ({ kind: "single", features: plan.singleFeatures });
const history: Exchange = { kind: "history", history: "watched", stats: [] };

describe("an exchange", () => {
  it("with the sample itself changes no score", async () => {
    const as = await logits(await mine());
    for (const what of [item(), single(), history]) {
      near(await logits(exchanged(await mine(), await mine(), what, plan, 1)), as);
    }
  });

  it("of all there is gives the other's scores; each part does something of its own", async () => {
    const [own, other] = [await mine(), await theirs()];
    let batch = own;
    const before = await logits(own);
    for (const what of [item(), single(), history]) {
      const changed = await logits(exchanged(own, other, what, plan, 1));
      expect(changed.some((value, i) => Math.abs(value - before[i]) > 1e-4)).toBe(true);
      batch = exchanged(batch, other, what, plan, 1);
    }
    near(await logits(batch), await logits(other));
  });

  it("of the candidate's item is that of all else, the other way round", async () => {
    const [own, other] = [await mine(), await theirs()];
    const there = exchanged(exchanged(other, own, history, plan, 1), own, single(), plan, 1);
    near(await logits(exchanged(own, other, item(), plan, 1)), await logits(there));
  });

  it("of one of the item's features leaves it in histories as it was, and the item's others", async () => {
    const [own, other] = [await mine(), await theirs()];
    const changed = exchanged(own, other, { kind: "item", features: ["item.topic"] }, plan, 1);
    const at = (batch: Assembled, feature: string, place: number) => batch.itemFeatures[feature][place];
    own.candidate.forEach((place, row) => {
      const now = changed.candidate[row];
      expect(at(changed, "item.topic", now)).toBe(at(other, "item.topic", other.candidate[row]));
      expect(at(changed, "item.video", now)).toBe(at(own, "item.video", place));
      expect(changed.items[now]).toBe(own.items[place]);
    });
    expect(changed.histories).toBe(own.histories);
    expect(changed.itemFeatures["item.topic"].slice(0, own.items.length)).toEqual(own.itemFeatures["item.topic"]);
  });

  it("within histories keeps each row's values and its padding, and is the same in every batch", async () => {
    const what: Exchange = { kind: "cross", history: "watched", feature: "watched.ago" };
    const own = await mine();
    const values = (batch: Assembled, row: number) => {
      const { length, lengths, cross } = batch.histories.watched;
      return [...cross["watched.ago"].slice(row * length, row * length + lengths[row])];
    };
    const changed = exchanged(own, own, what, plan, 7);
    let moved = 0;
    for (let row = 0; row < count; row++) {
      expect(values(changed, row).sort()).toEqual(values(own, row).sort());
      moved += Number(values(changed, row).join() !== values(own, row).join());
      const { length, lengths, cross } = changed.histories.watched;
      const padding = (batch: Assembled) =>
        batch.histories.watched.cross["watched.ago"].slice(row * length + lengths[row], (row + 1) * length);
      expect(padding(changed)).toEqual(padding(own));
      expect(cross["watched.liked"]).toBe(own.histories.watched.cross["watched.liked"]);
    }
    expect(moved).toBeGreaterThan(count / 4);
    const few = await feeder.samples("test", Uint32Array.of(5, 3));
    const again = exchanged(few, few, what, plan, 7);
    expect(values(again, 0)).toEqual(values(changed, 5));
    expect(values(again, 1)).toEqual(values(changed, 3));
  });
});

it("every order is about as likely", () => {
  const { below } = random(3);
  const seen = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const values = Int32Array.of(0, 1, 2);
    shuffle(values, below);
    seen.set(values.join(), (seen.get(values.join()) ?? 0) + 1);
  }
  expect(seen.size).toBe(6);
  expect([...seen.values()].every((times) => Math.abs(times - 1000) < 150)).toBe(true);
});
