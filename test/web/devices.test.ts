// A device that is not fit: graphs that stall, wrong numbers, a device that is lost. What was asked for is done on WASM, and said.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load, type Ranking } from "../../runtime/index.ts";
import { pageScript, useBrowser } from "../kit/browser.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";
import { isolated, type Site } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("a device", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  const request = { user: someUser(30), candidates: someCandidates(12) };
  let expected: Ranking;
  let site: Site;
  let apart: Site;

  beforeAll(async () => {
    const dir = await builtRanked();
    const twin = await load(dir, { threads: 1 });
    expected = await (await twin.prepare(request.user)).rank(request.candidates);
    await twin.close();
    const program = await pageScript("test/kit/faulty-web-worker.ts", {
      external: ["onnxruntime-web/webgpu", "onnxruntime-web/wasm"],
    });
    const routes = { "/node_modules/twin-compiler/dist/faulty.js": program };
    site = await webSite(browser, dir, { routes });
    apart = await webSite(browser, dir, { routes, headers: isolated });
  });
  afterAll(cleanUp);

  /** Ranks twice in a worker with a fault; on a page of its own, or one after the other on one page. */
  const ranked = async (...faults: string[]) => rankedOn(site, ...faults);
  const rankedOn = async ({ origin }: Site, ...faults: string[]) => {
    const page = await readyPage(browser, origin);
    return page.evaluate(
      async ({ faults, request }) => {
        const all = [];
        for (const fault of faults) {
          let workers = 0;
          const heard: string[] = [];
          const twin = await globalThis.twin.load("/build/", {
            warn: (warning) => heard.push(warning),
            threads: Reflect.get(globalThis, "crossOriginIsolated") ? 2 : 1,
            worker: () => {
              workers++;
              const start = Reflect.get(globalThis, "Worker");
              return new start("/node_modules/twin-compiler/dist/faulty.js", { type: "module", name: fault });
            },
          });
          const prepared = await twin.prepare(request.user);
          const first = await prepared.rank(request.candidates);
          const before = twin.status().provider;
          await new Promise((resolve) => setTimeout(resolve, 50));
          const second = await prepared.rank(request.candidates);
          const { provider } = twin.status();
          const checks = await twin.verify();
          await twin.close();
          const scores = [first, second].map((one) => [...one.scores.click]);
          all.push({ scores, before, provider, checks, workers, heard, warnings: twin.warnings });
        }
        return all;
      },
      { faults, request },
    );
  };

  const expectRight = ({ scores }: { readonly scores: number[][] }): void => {
    for (const list of scores) {
      list.forEach((score, i) => {
        expect(Math.abs(score - expected.scores.click[i])).toBeLessThanOrEqual(1e-4);
      });
    }
  };

  it("that is sound is used, after each graph was checked; the verdict serves the next visit", async () => {
    const [first, second] = await ranked("sound", "sound");
    for (const visit of [first, second]) {
      expectRight(visit);
      expect(visit.provider).toMatchObject({ name: "webgpu", adapter: "pretended" });
      expect(visit).toMatchObject({ workers: 1, warnings: [] });
    }
    expect(first.before.checked).toMatchObject([{ graph: "request", wrong: 0, cached: false }]);
    expect(second.before.checked).toMatchObject([{ graph: "request", wrong: 0, cached: true }]);
    expect(first.checks.map(({ graph }) => graph)).toContain("search");
    expect(first.checks.map(({ graph }) => graph)).not.toContain("kernel_query");
    expect(first.checks.every(({ wrong, worst }) => wrong === 0 && worst < 1e-4)).toBe(true);
  });

  it("that computes wrong numbers is not used, and is not tried again by the next visit", async () => {
    const [first, second] = await ranked("wrong", "wrong");
    for (const visit of [first, second]) {
      expectRight(visit);
      expect(visit.provider.name).toBe("wasm");
      expect(visit.provider.because).toMatch(
        /pretended computes wrong numbers: \d+ of graph request's .* by up to 0.01/,
      );
      expect(visit.warnings).toEqual([expect.stringMatching(/wrong numbers.*graphs run on WASM instead/)]);
      expect(visit.heard).toEqual(visit.warnings);
      expect(visit.workers).toBe(2);
      expect(visit.checks.every(({ wrong }) => wrong === 0)).toBe(true);
      expect(visit.checks.map(({ graph }) => graph)).toEqual(expect.arrayContaining(["search", "kernel_query"]));
    }
  });

  it("that stalls while it opens a graph is tried again in a fresh worker", async () => {
    const [visit] = await ranked("stalls once");
    expectRight(visit);
    expect(visit.provider.name).toBe("webgpu");
    expect(visit).toMatchObject({ workers: 2, warnings: [] });
  });

  it("that always stalls is given up", async () => {
    const [visit] = await ranked("stalls");
    expectRight(visit);
    expect(visit.provider.name).toBe("wasm");
    expect(visit.provider.because).toMatch(/did not open graph request within 1.5 s \(3 times/);
    expect(visit.workers).toBe(4);
  });

  it("whose threads on WASM stall runs in one, in a fresh worker", async () => {
    const [visit] = await rankedOn(apart, "threads stall");
    expectRight(visit);
    expect(visit.provider).toMatchObject({ name: "wasm", threads: 1 });
    expect(visit.workers).toBe(2);
    expect(visit.warnings).toEqual([
      expect.stringMatching(/^WASM with 2 threads did not open graph \w+ within 1.5 s: it runs in one thread instead$/),
    ]);
    expect(visit.heard).toEqual(visit.warnings);
  });

  it.each(["lost", "lost idle"])("that is %s: what was asked for is done on WASM", async (fault) => {
    const [visit] = await ranked(fault);
    expectRight(visit);
    expect(visit.provider.name).toBe("wasm");
    expect(visit.warnings).toEqual([
      expect.stringMatching(/the WebGPU device was lost \(unknown\): graphs run on WASM/),
    ]);
  });
});
