// Training in groups searches by the selection kernel: the same lists and losses as by the graph, and the same bits whatever
// number of threads.
import { afterAll, describe, expect, it } from "vitest";
import { Kernel } from "../../runtime/kernel/index.ts";
import { localFeeder } from "../../runtime/learn/feeder.ts";
import { type OpenKernel, TrainGraphs } from "../../runtime/learn/graphs.ts";
import { Searcher } from "../../runtime/learn/search.ts";
import { Stepper } from "../../runtime/learn/step.ts";
import { learningGraphs, opensIn, opensKernel } from "../../runtime/train/graphs.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { openGraphs, startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

const warnings: string[] = [];
const open = opensKernel((message) => warnings.push(message));

/** Histories that are whole, shortened, and empty. */
const sources = [
  ["one list", topicSource("  group: 8\n")],
  ["a list a head", topicSource("  group: 8\n").replace(/keep: *(\d+)/, "keep: $1\n  heads: per_head")],
  [
    "ids unknown, samples cold, of drawn lengths",
    topicSource("  group: 4\n  cold: 20%\n  length: log_uniform(4, 30)\n"),
  ],
] as const;

describe("a search in groups", () => {
  it.each(sources)("of %s keeps what the graph keeps, and learns the same", async (_, source) => {
    const { model, dir, plan, dataset } = topicModel(source);
    expect(plan.spec.kernel).toHaveLength(1);
    const feeder = localFeeder(dataset, plan, 1);
    const both = [new TrainGraphs(plan.spec, 1, opensIn(dir), open), openGraphs(dir, plan.spec)];
    try {
      expect(both.map(({ byKernel }) => byKernel)).toEqual([true, false]);
      const states = both.map(() => startState(model, plan.spec));
      const [kernel, graph] = both.map((graphs, i) => new Searcher(plan, states[i], graphs));
      const steppers = both.map((graphs, i) => new Stepper(plan, states[i], graphs));
      let [same, all] = [0, 0];
      for (let step = 1; step <= 6; step++) {
        const batch = await feeder.step(step);
        const [found, due] = [await kernel.search(batch), await graph.search(batch)];
        for (const [name, list] of Object.entries(due)) {
          expect(found[name]).toHaveLength(list.length);
          all += list.length;
          same += list.filter((position, i) => position === found[name][i]).length;
        }
        const losses = await Promise.all(steppers.map(async (one) => one.learn(await feeder.step(step), step)));
        expect(Math.abs(losses[0] - losses[1])).toBeLessThan(1e-5);
      }
      // Near-ties may stand in another order.
      expect(same / all).toBeGreaterThan(0.999);
    } finally {
      await Promise.all(both.map((graphs) => graphs.close()));
    }
  });

  it("learns the same bits with one lane and with three", async () => {
    const { model, dir, plan, dataset } = topicModel(topicSource("  group: 8\n"));
    const after = async (lanes: number): Promise<Float32Array[]> => {
      const opened: OpenKernel = async (shape) => {
        const kernel = await open(shape, lanes);
        await kernel.joined();
        expect(kernel.status().lanes).toBe(lanes);
        return kernel;
      };
      const graphs = new TrainGraphs(plan.spec, 1, opensIn(dir), opened);
      const feeder = localFeeder(dataset, plan, 1);
      const state = startState(model, plan.spec);
      const stepper = new Stepper(plan, state, graphs);
      for (let step = 1; step <= 4; step++) {
        await stepper.learn(await feeder.step(step), step);
      }
      await graphs.close();
      return [...state.parameters(), ...state.optimiser()].map(({ data }) => data as Float32Array);
    };
    expect(await after(3)).toEqual(await after(1));
    expect(warnings).toEqual([]);
  });

  it("leaves to the graph what has no room", async () => {
    const { model, dir, plan, dataset } = topicModel(topicSource("  group: 8\n"));
    const small: OpenKernel = (shape) => Kernel.open(shape, { lanes: 1, startLane: null, maxBytes: 2 ** 17 });
    const both = [new TrainGraphs(plan.spec, 1, opensIn(dir), small), openGraphs(dir, plan.spec)];
    const batch = await localFeeder(dataset, plan, 1).step(1);
    const [found, due] = await Promise.all(
      both.map((graphs) => new Searcher(plan, startState(model, plan.spec), graphs).search(batch)),
    );
    expect(found).toEqual(due);
    await Promise.all(both.map((graphs) => graphs.close()));
  });

  it("leaves to the graph what another device computes, and what has no operands", () => {
    const { dir, plan } = topicModel(topicSource("  group: 8\n"));
    const on = (...providers: string[]) =>
      learningGraphs(dir, plan.spec, 1, { providers, warn: () => undefined }).byKernel;
    expect([on("cpu"), on("cuda", "cpu")]).toEqual([true, false]);
    const alone = topicModel(topicSource());
    expect(alone.plan.spec.graphs.operands).toBeUndefined();
    expect(learningGraphs(alone.dir, alone.plan.spec, 1, { providers: ["cpu"], warn: () => undefined }).byKernel).toBe(
      false,
    );
  });
});
