// A page on a WebGPU device, in software where there is no other: checked, ranked as Node ranks, and said.
import { afterAll, describe, expect, it } from "vitest";
import { load } from "../../runtime/index.ts";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("WebGPU in a page", needs("chromium", "browser webgpu"), () => {
  const browser = useBrowser();
  afterAll(cleanUp);

  it("ranks as Node does, on the device alone, after each graph was checked; two folders of a page share it", async () => {
    const dir = await builtRanked();
    const request = { user: someUser(30), candidates: someCandidates(12) };
    // Where there is nothing, no axis that is multiplied along may be empty: a device fails over it.
    const nothing = { user: someUser(0), candidates: someCandidates(0) };
    const twin = await load(dir, { threads: 1 });
    const expected = await (await twin.prepare(request.user)).rank(request.candidates);
    const unknown = await (await twin.prepare(nothing.user)).rank(request.candidates);
    await twin.close();
    const site = await webSite(browser, dir);
    const page = await readyPage(browser, site.origin);
    const found = await page.evaluate(
      async ([{ user, candidates }, nothing]) => {
        const twins = [
          await globalThis.twin.load("build/", { worker: false }),
          await globalThis.twin.load("build/", { worker: false }),
        ];
        const all = await Promise.all(
          twins.map(async (twin) => {
            const ranking = await (await twin.prepare(user)).rank(candidates);
            const newcomer = await twin.prepare(nothing.user);
            const unknown = await newcomer.rank(candidates);
            const none = await newcomer.rank(nothing.candidates);
            const { provider } = twin.status();
            return {
              click: [...ranking.scores.click],
              unknown: [...unknown.scores.click],
              none: none.scores.click.length,
              kept: [...(ranking.kept?.positions ?? [])],
              provider,
              warnings: [...twin.warnings],
            };
          }),
        );
        await Promise.all(twins.map((twin) => twin.close()));
        return all;
      },
      [request, nothing] as const,
    );
    for (const { click, unknown: newcomers, none, kept, provider, warnings } of found) {
      expect(warnings).toEqual([]);
      expect(provider).toMatchObject({ name: "webgpu", version: "1.30.0" });
      expect(provider.checked).toMatchObject([{ graph: "request", wrong: 0 }]);
      expect([click.length, newcomers.length, none]).toEqual([12, 12, 0]);
      [...click, ...newcomers].forEach((score, i) => {
        const wanted = [...expected.scores.click, ...unknown.scores.click][i];
        expect(Math.abs(score - wanted)).toBeLessThanOrEqual(1e-4);
      });
      expect(kept).toEqual([...(expected.kept?.positions ?? [])]);
    }
    // The build for WebGPU alone.
    const asked = site.requests.filter((path) => path.startsWith("/node_modules/onnxruntime-web/"));
    expect([...new Set(asked)].map((path) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
      "ort.webgpu.bundle.min.mjs",
      "ort-wasm-simd-threaded.asyncify.wasm",
    ]);
  });
});
