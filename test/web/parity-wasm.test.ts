// Every graph of every model that can be built, in a browser on WASM, against the float64 reference, and the kernel's plan of
// those that have one; and a covering set of them on two threads, which a page has where it is cross-origin isolated.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyModel } from "../kit/any-model.ts";
import { useBrowser } from "../kit/browser.ts";
import { long, patience } from "../kit/effort.ts";
import { needs } from "../kit/needs.ts";
import { ortPages } from "../kit/ort-pages.ts";
import { expectPlanHeld } from "../kit/plan-held.ts";
import { type HeldKernel, heldKernelText, holdsKernel, onceEach } from "../kit/provider-kernel.ts";
import { providerModel } from "../kit/provider-models.ts";
import { type Held, heldText, holds } from "../kit/provider-run.ts";
import { covering, providerModels } from "../kit/provider-set.ts";
import { noteOfRun } from "../kit/run-notes.ts";

describe("in a browser on WASM", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });

  describe.each([1, 2])("with threads: %i", (threads) => {
    const pages = ortPages(browser, "wasm", { threads });
    const all: Held[] = [];
    const kernels: HeldKernel[] = [];
    const tried = [...providerModels].filter(([name]) => long || threads === 1 || covering.includes(name));

    it.each(tried)("%s", { timeout: patience(180_000) }, async (_, made) => {
      const model = made();
      const run = onceEach(pages.run);
      const held = await holds(model, run);
      all.push(held);
      expect(held).toMatchObject({ faults: [], refused: [], untaken: [] });
      expect(held.cases).toBeGreaterThan(0);
      await expectPlanHeld(model, run, pages.runKernel, kernels);
    });

    it("random models", { timeout: patience(120_000) }, async () => {
      await fc.assert(
        fc.asyncProperty(anyModel(), async (model) => {
          const made = providerModel("random", model);
          const run = onceEach(pages.run);
          const held = await holds(made, run);
          all.push(held);
          expect(held.faults).toEqual([]);
          const kernel = await holdsKernel(made, run, pages.runKernel);
          if (kernel !== null) {
            kernels.push(kernel);
            expect(kernel.faults).toEqual([]);
          }
        }),
        { numRuns: long ? 60 : threads === 1 ? 2 : 1 },
      );
    });

    it("has the threads that it says: a worker beside the page for each but the first", async () => {
      const workers = await pages.inPage(async (page) => [
        page.workers().length,
        await page.evaluate(() => Reflect.get(globalThis, "crossOriginIsolated") as unknown),
      ]);
      expect(workers).toEqual([threads - 1, true]);
    });

    afterAll(() => {
      noteOfRun(`graphs on WASM in a browser, ${threads} threads`, heldText(all));
      noteOfRun(`kernel's plan on WASM in a browser, ${threads} threads`, heldKernelText(kernels));
      expect(pages.retries()).toBe(0);
    });
  });
});
