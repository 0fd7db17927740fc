// The selection kernel in a page: the lists and scores of the graphs there, and the lists of Node's own kernel.
import { afterAll, describe, expect, it } from "vitest";
import { load } from "../../runtime/index.ts";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { type Content, isolated } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

const noSuchFile: Content = (_, response) => {
  response.writeHead(404).end();
};

describe("the selection kernel in a page", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  afterAll(cleanUp);

  it("ranks as the graphs do, from a length on by itself, and keeps what Node's keeps", async () => {
    const dir = await builtRanked(rankSource("precision: float16", 20, 400));
    const site = await webSite(browser, dir);
    const page = await readyPage(browser, site.origin);
    const request = { long: someUser(300), short: someUser(30), candidates: someCandidates(40) };
    const found = await page.evaluate(async ({ long, short, candidates }) => {
      const ranked = async (plan: "auto" | "graph" | "kernel", user: typeof long) => {
        const twin = await globalThis.twin.load("build/", { plan, providers: ["wasm"] });
        const prepared = await twin.prepare(user);
        const ranking = await prepared.rank(candidates);
        const [explained] = await prepared.explain(candidates);
        const { plan: status } = twin.status();
        await twin.close();
        return {
          plan: ranking.plan,
          logits: [...ranking.logits.click],
          kept: [...ranking.kept!.positions],
          explained: explained.attends[0].behaviours.map(({ position }) => position),
          status,
        };
      };
      return {
        graph: await ranked("graph", long),
        kernel: await ranked("kernel", long),
        auto: await ranked("auto", long),
        short: await ranked("auto", short),
      };
    }, request);
    expect([found.graph.plan, found.kernel.plan, found.auto.plan, found.short.plan]).toEqual([
      ...["graph", "kernel", "kernel", "graph"],
    ]);
    expect(found.kernel.kept).toEqual(found.graph.kept);
    expect(found.kernel.explained).toEqual(found.graph.explained);
    expect(found.auto.logits).toEqual(found.kernel.logits);
    for (const [n, logit] of found.graph.logits.entries()) {
      expect(Math.abs(found.kernel.logits[n] - logit)).toBeLessThan(1e-5 * Math.max(1, Math.abs(logit)));
    }
    expect(found.kernel.status).toMatchObject({ wanted: "kernel", because: null, kernel: { lanes: 1, users: 1 } });
    const here = await load(dir, { plan: "kernel" });
    const { kept } = await (await here.prepare(request.long)).rank(request.candidates);
    expect([...kept!.positions]).toEqual(found.kernel.kept);
    await here.close();
  });

  it.each([true, false])(
    "has lanes over one memory where the page is isolated, with the same bits (worker: %s)",
    async (worker) => {
      const dir = await builtRanked(rankSource("precision: float16", 20, 400));
      const site = await webSite(browser, dir, { headers: isolated });
      const page = await readyPage(browser, site.origin);
      const request = { user: someUser(300), candidates: someCandidates(200), worker };
      const found = await page.evaluate(async ({ user, candidates, worker }) => {
        const ranked = async (threads: number) => {
          const options = { plan: "kernel", providers: ["wasm"], threads, worker } as const;
          const twin = await globalThis.twin.load("build/", options);
          const prepared = await twin.prepare(user);
          const rankings: number[][] = [];
          // Lanes join when they are open: the request does not wait for them.
          for (let lanes = 0, tries = 0; (lanes < threads && tries < 500) || tries < 5; tries++) {
            rankings.push([...(await prepared.rank(candidates)).logits.click]);
            lanes = twin.status().plan.kernel!.lanes;
          }
          const { kernel } = twin.status().plan;
          const { warnings } = twin;
          await twin.close();
          return { rankings, kernel, warnings };
        };
        return { alone: await ranked(1), three: await ranked(3) };
      }, request);
      expect(found.alone.kernel).toMatchObject({ lanes: 1, shared: false });
      expect(found.three.kernel).toMatchObject({ lanes: 3, shared: true });
      expect(found.three.warnings).toEqual([]);
      for (const ranking of found.three.rankings) {
        expect(ranking).toEqual(found.alone.rankings[0]);
      }
    },
  );

  it("runs in one thread, and says so, where the lanes' program is not to be had", async () => {
    const dir = await builtRanked(rankSource("precision: float16", 20, 400));
    const routes = { "/node_modules/twin-compiler/dist/web-lane.js": noSuchFile };
    const site = await webSite(browser, dir, { headers: isolated, routes });
    const page = await readyPage(browser, site.origin);
    const request = { user: someUser(300), candidates: someCandidates(40) };
    const found = await page.evaluate(async ({ user, candidates }) => {
      const options = { plan: "kernel", providers: ["wasm"], threads: 2 } as const;
      const twin = await globalThis.twin.load("build/", options);
      const prepared = await twin.prepare(user);
      let ranking = await prepared.rank(candidates);
      for (let tries = 0; twin.warnings.length === 0 && tries < 500; tries++) {
        ranking = await prepared.rank(candidates);
      }
      const { kernel } = twin.status().plan;
      await twin.close();
      return { plan: ranking.plan, logits: [...ranking.logits.click], kernel, warnings: twin.warnings };
    }, request);
    expect(found).toMatchObject({ plan: "kernel", kernel: { lanes: 1 } });
    expect(found.logits.every(Number.isFinite)).toBe(true);
    expect(found.warnings).toEqual([
      expect.stringMatching(/^the selection kernel runs in one thread instead of 2: .*web-lane\.js .*cannot be loaded/),
    ]);
  });
});
