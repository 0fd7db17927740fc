// Every graph of every model that can be built, in Node on the CPU, and the kernel's plan of those that have one; and a covering
// set of them on WebGPU, by the same judge as in a browser.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyModel } from "../kit/any-model.ts";
import { long, patience } from "../kit/effort.ts";
import { type RunKernel, runWires } from "../kit/kernel-wire.ts";
import { needs } from "../kit/needs.ts";
import { runOnNode } from "../kit/ort-node-run.ts";
import { expectPlanHeld } from "../kit/plan-held.ts";
import { judge } from "../kit/provider-judge.ts";
import { type HeldKernel, heldKernelText, holdsKernel, onceEach } from "../kit/provider-kernel.ts";
import { providerModel } from "../kit/provider-models.ts";
import { type Held, heldText, holds } from "../kit/provider-run.ts";
import { covering, providerModels } from "../kit/provider-set.ts";
import { noteOfRun } from "../kit/run-notes.ts";
import { holdDevice, onDevice } from "../kit/webgpu.ts";

describe("in Node on the CPU", () => {
  const all: Held[] = [];
  const kernels: HeldKernel[] = [];
  it.each([...providerModels])("%s", async (_, made) => {
    const model = made();
    const run = onceEach(runOnNode({}));
    const held = await holds(model, run);
    all.push(held);
    expect(held).toMatchObject({ faults: [], refused: [], untaken: [], tied: 0 });
    await expectPlanHeld(model, run, runWires, kernels);
  });

  it("random models", { timeout: patience(120_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(anyModel({ by: "metric" }), async (model) => {
        const kernel = await holdsKernel(providerModel("random", model), runOnNode({}), runWires);
        expect(kernel?.faults).toEqual([]);
        kernels.push(kernel!);
      }),
      { numRuns: long ? 100 : 2 },
    );
  });
  afterAll(() => {
    noteOfRun("graphs on the CPU in Node", heldText(all));
    noteOfRun("kernel's plan on the CPU in Node", heldKernelText(kernels));
  });
});

describe("in Node on WebGPU", needs("webgpu"), () => {
  holdDevice();
  const all: Held[] = [];
  const tried = [...providerModels].filter(([name]) => long || covering.includes(name));
  it.each(tried)("%s", { timeout: patience(180_000) }, async (_, made) => {
    const held = await holds(made(), runOnNode(onDevice));
    all.push(held);
    expect(held).toMatchObject({ faults: [], untaken: [] });
  });
  afterAll(() => noteOfRun("graphs on WebGPU in Node", heldText(all)));
});

describe("the judge", () => {
  it("sees a number, a shape, a position and a score that are wrong, and leaves ties to the device", async () => {
    const model = providerModels.get("twin")!();
    const graph = model.graphs.find(({ name }) => name === "search")!;
    const outputs = await runOnNode({})(model, graph);
    const [place] = graph.places;
    const right = outputs[place];
    const [{ list, scores }] = graph.selections;
    const other = (name: string, change: (data: number[]) => void, shape = right[name].shape) => {
      const data = Array.from(right[name].data);
      change(data);
      return judge(model, graph, place, { ...right, [name]: { shape, data } });
    };
    expect(judge(model, graph, place, right)).toMatchObject({ fault: null, tied: 0 });
    const swap = (data: number[], a: number, b: number) => {
      [data[a], data[b]] = [data[b], data[a]];
    };
    expect(other(list, (data) => swap(data, 2, 4)).fault).toMatch(/2 of \d+ positions .* are not of the walk/);
    // Where all behaviours are alike, any order is one of their ties.
    const alike = outputs["search.alike"];
    const data = Array.from(alike[list].data);
    swap(data, 2, 4);
    const turned = { ...alike, [list]: { shape: alike[list].shape, data } };
    expect(judge(model, graph, "search.alike", turned)).toMatchObject({ fault: null, tied: 2 });
    expect(other(scores, (data) => data.fill(Number.NaN, 0, 1)).fault).toMatch(/not finite/);
    expect(other(list, () => undefined, [1, ...right[list].shape]).fault).toMatch(/are not of the walk/);
    // A score that is off by more than the tolerance, and in its place all the same.
    const top = Array.from(right[scores].data).indexOf(Math.max(...Array.from(right[scores].data)));
    expect(other(scores, (data) => data.splice(top, 1, data[top] + 0.01)).fault).toMatch(/number \d+ of scores/);
  });

  it("sees a position and a number of the kernel that are wrong, and labels that are not the graph's", async () => {
    const model = providerModels.get("sim_soft")!();
    const run = onceEach(runOnNode({}));
    const changed = async (part: "kept" | "pooled", change: (numbers: number[]) => void) => {
      const kernel: RunKernel = async (cases) => {
        const results = await runWires(cases);
        change(results[0][part][0] as number[]);
        return results;
      };
      return (await holdsKernel(model, run, kernel))!;
    };
    expect(await changed("kept", () => undefined)).toMatchObject({ faults: [], beyond: [], plans: 1 });
    const turned = await changed("kept", (list) => list.splice(0, 2, list[1], list[0]));
    expect(turned.faults.join()).toMatch(/typical: 2 of \d+ positions of \w+ are not of the literal loop/);
    const off = await changed("pooled", (numbers) => numbers.splice(0, 1, numbers[0] + 0.1));
    expect(off.faults).toEqual([expect.stringMatching(/typical: \w+\.pooled, pooled: number 0 is/)]);
    expect(off.beyond.join()).toMatch(/typical: \w+.*, graph: number \d is/);
    expect((await changed("pooled", (numbers) => numbers.fill(Number.NaN, 0, 1))).faults.join()).toMatch(/is NaN/);
  });
});
