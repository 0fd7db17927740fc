// `average: ema(…)`: the average is what its formula says, is what is scored and exported, and goes on with a checkpoint.
import { afterAll, describe, expect, it } from "vitest";
import { Assembler } from "../../runtime/learn/assemble.ts";
import { Scorer } from "../../runtime/learn/score.ts";
import { TrainState } from "../../runtime/learn/state.ts";
import { Stepper } from "../../runtime/learn/step.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { openGraphs, startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const decay = 0.9;
const { model, plan, dataset, dir } = topicModel(topicSource(`average: ema(${decay})`));
const assembler = new Assembler(dataset, plan);
const batchOf = (step: number) =>
  assembler.assemble(
    "training",
    Uint32Array.from({ length: 64 }, (_, i) => (step * 64 + i) % 8000),
    { seed: 1, step, epoch: 0 },
  );

/** Steps from … to, with what `dense` holds after each. */
async function learned(state: TrainState, from: number, to: number): Promise<Float32Array[]> {
  const graphs = openGraphs(dir, plan.spec);
  try {
    const stepper = new Stepper(plan, state, graphs);
    const seen: Float32Array[] = [];
    for (let step = from; step <= to; step++) {
      await stepper.learn(batchOf(step), step);
      seen.push(state.pack("dense").values.slice());
    }
    return seen;
  } finally {
    await graphs.close();
  }
}

const served = (state: TrainState): Float32Array => state.served.packs.get("dense")!.values;

describe("an average of the steps", () => {
  it("is its formula's, over all but embeddings, and what is exported", async () => {
    const state = startState(model, plan.spec);
    const wanted = Array.from(state.pack("dense").values);
    const seen = await learned(state, 1, 90);
    seen.forEach((values, i) => {
      const kept = Math.min(decay, (2 + i) / (11 + i));
      values.forEach((value, at) => {
        wanted[at] = kept * wanted[at] + (1 - kept) * value;
      });
    });
    // The first steps keep less than the decay does, and the last ones as much.
    expect(2 / 11).toBeLessThan(decay);
    expect(91 / 100).toBeGreaterThan(decay);
    const found = served(state);
    for (const [at, value] of wanted.entries()) {
      expect(Math.abs(found[at] - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    }
    expect(found).not.toEqual(state.pack("dense").values);
    const names = new Set(plan.spec.packs.find(({ name }) => name === "dense")!.parameters.map(({ name }) => name));
    const own = new Map(state.parameters().map(({ name, data }) => [name, data]));
    for (const { name, data } of state.exported()) {
      if (names.has(name)) {
        expect(data).not.toEqual(own.get(name));
      } else {
        expect(data).toEqual(own.get(name));
      }
    }
  });

  it("is what is scored", async () => {
    const state = startState(model, plan.spec);
    await learned(state, 1, 30);
    const graphs = openGraphs(dir, plan.spec);
    const logits = async (of: ConstructorParameters<typeof Scorer>[1]) => {
      const batch = assembler.assemble(
        "validation",
        Uint32Array.from({ length: 100 }, (_, i) => i),
        null,
      );
      return [...(await new Scorer(plan, of, graphs).score(batch, false)).logit.click];
    };
    const exported = new Map(state.exported().map(({ name, data }) => [name, data]));
    const alone = new TrainState(plan.spec, (name) => exported.get(name)!, { learning: false });
    expect(await logits(state.served)).toEqual(await logits(alone));
    expect(await logits(state.served)).not.toEqual(await logits(state));
    await graphs.close();
  });

  it("goes on from a checkpoint as if nothing had been stopped", async () => {
    const whole = startState(model, plan.spec);
    await learned(whole, 1, 12);
    const first = startState(model, plan.spec);
    await learned(first, 1, 5);
    const kept = new Map([...first.parameters(), ...first.optimiser()].map(({ name, data }) => [name, data.slice()]));
    expect(kept.has("dense.average")).toBe(true);
    const again = new TrainState(plan.spec, (name) => kept.get(name)!);
    again.restore((name) => kept.get(name)!);
    await learned(again, 6, 12);
    expect(served(again)).toEqual(served(whole));
    expect(again.parameters()).toEqual(whole.parameters());
  });
});
