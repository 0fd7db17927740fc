// A covering set of graphs in a browser on WebGPU, no node off the device, against the float64 reference: one page, one
// device. In the long form all models, and random ones.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyModel } from "../kit/any-model.ts";
import { useBrowser } from "../kit/browser.ts";
import { long, patience } from "../kit/effort.ts";
import { needs } from "../kit/needs.ts";
import { mostRetries, ortPages } from "../kit/ort-pages.ts";
import { providerModel } from "../kit/provider-models.ts";
import { type Held, heldText, holds } from "../kit/provider-run.ts";
import { covering, providerModels } from "../kit/provider-set.ts";
import { noteOfRun } from "../kit/run-notes.ts";

describe("in a browser on WebGPU", needs("browser webgpu"), () => {
  const pages = ortPages(useBrowser(), "webgpu");
  const all: Held[] = [];

  const tried = [...providerModels].filter(([name]) => long || covering.includes(name));
  it.each(tried)("%s", { timeout: patience(180_000) }, async (_, made) => {
    const held = await holds(made(), pages.run);
    all.push(held);
    expect(held).toMatchObject({ faults: [], untaken: [] });
    expect(held.cases + held.refused.length).toBeGreaterThan(0);
  });

  it("random models", { timeout: patience(180_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(anyModel(), async (model) => {
        const held = await holds(providerModel("random", model), pages.run);
        all.push(held);
        expect(held.faults).toEqual([]);
      }),
      { numRuns: long ? 40 : 1 },
    );
  });

  afterAll(() => {
    noteOfRun(
      "graphs on WebGPU in a browser",
      `${heldText(all)}; ${pages.retries()} runs stalled and were tried again`,
    );
    expect(pages.retries()).toBeLessThanOrEqual(mostRetries);
  });
});
