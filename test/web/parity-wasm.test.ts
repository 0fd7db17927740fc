// Every graph of every model that can be built, in a browser on WASM, against the float64 reference.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { anyModel } from "../kit/any-model.ts";
import { useBrowser } from "../kit/browser.ts";
import { long, patience } from "../kit/effort.ts";
import { needs } from "../kit/needs.ts";
import { ortPages } from "../kit/ort-pages.ts";
import { providerModel } from "../kit/provider-models.ts";
import { type Held, heldText, holds } from "../kit/provider-run.ts";
import { providerModels } from "../kit/provider-set.ts";
import { noteOfRun } from "../kit/run-notes.ts";

describe("in a browser on WASM", needs("chromium"), () => {
  const pages = ortPages(useBrowser({ webgpu: false }), "wasm");
  const all: Held[] = [];

  it.each([...providerModels])("%s", async (_, made) => {
    const held = await holds(made(), pages.run);
    all.push(held);
    expect(held).toMatchObject({ faults: [], refused: [], untaken: [] });
    expect(held.cases).toBeGreaterThan(0);
  });

  it("random models", { timeout: patience(120_000) }, async () => {
    await fc.assert(
      fc.asyncProperty(anyModel(), async (model) => {
        const held = await holds(providerModel("random", model), pages.run);
        all.push(held);
        expect(held.faults).toEqual([]);
      }),
      { numRuns: long ? 60 : 4 },
    );
  });

  afterAll(() => {
    noteOfRun("graphs on WASM in a browser", heldText(all));
    expect(pages.retries()).toBe(0);
  });
});
