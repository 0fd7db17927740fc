// A page that loads a build folder and ranks: the package as it is shipped, a static server, the quickstart's model.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Explanation, load, parseRequest, type Ranking } from "../../runtime/index.ts";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { needs } from "../kit/needs.ts";
import { isolated, type Site } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("load in a page", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  let build: ExampleBuild;
  let expected: { ranking: Ranking; why: Explanation };
  let site: Site;

  beforeAll(async () => {
    build = await exampleBuild();
    const { prepare, rank } = parseRequest(readFileSync(build.request, "utf8"), "request");
    const twin = await load(build.dir, { threads: 1 });
    const prepared = await twin.prepare(prepare);
    const ranking = await prepared.rank(rank);
    const [why] = await prepared.explain(rank);
    await twin.close();
    expected = { ranking, why };
    site = await webSite(browser, build.dir, { routes: { "/request.json": { file: build.request } } });
  });
  afterAll(cleanUp);

  /** Ranks and explains in a page. */
  const ranked = async (
    url: string,
    options: { readonly worker?: boolean; readonly threads?: number; readonly providers?: ["wasm"] } = {},
  ) => {
    const page = await readyPage(browser, url);
    return page.evaluate(async (options) => {
      const { load, parseRequest } = globalThis.twin;
      const long: number[] = [];
      const observer = new PerformanceObserver((list) => {
        long.push(...list.getEntries().map(({ duration }) => duration));
      });
      // Of browsers alone: Node has no such entries.
      observer.observe({ type: "longtask" as "mark" });
      const progress: { done: number; total: number }[] = [];
      const heard: string[] = [];
      const text = await (await fetch("/request.json")).text();
      const twin = await load("build", {
        ...options,
        progress: (one) => progress.push(one),
        warn: (warning) => heard.push(warning),
      });
      const { prepare, rank } = parseRequest(text, "request");
      const prepared = await twin.prepare(prepare);
      const ranking = await prepared.rank(rank);
      const [why] = await prepared.explain(rank);
      const again = await prepared.rank(rank);
      const status = twin.status();
      const other = await twin.refresh();
      await twin.close();
      const after = await twin.prepare(prepare).catch(({ code }) => code);
      observer.disconnect();
      const list = (scores: Readonly<Record<string, Float32Array>>) =>
        Object.entries(scores).map(([label, values]) => [label, [...values]] as const);
      return {
        scores: list(ranking.scores),
        again: list(again.scores),
        bare: "constructor" in ranking.scores,
        kept: [...(ranking.kept?.positions ?? [])],
        use: ranking.tables.map(({ table, state, found, missed }) => ({ table, state, found, missed })),
        shown: why.attends.map(({ behaviours }) => behaviours.map(({ key }) => key)),
        model: twin.manifest.model,
        ...{ status, other, after, progress, long, heard, warnings: twin.warnings },
      };
    }, options);
  };

  const expectRight = (found: Awaited<ReturnType<typeof ranked>>): void => {
    const { ranking, why } = expected;
    expect(found.scores.map(([label]) => label)).toEqual(Object.keys(ranking.scores));
    for (const [label, values] of found.scores) {
      values.forEach((value, i) => {
        expect(Math.abs(value - ranking.scores[label][i])).toBeLessThanOrEqual(1e-4);
      });
    }
    expect(found.again).toEqual(found.scores);
    expect(found.kept).toEqual([...(ranking.kept?.positions ?? [])]);
    expect(found.use).toEqual(
      ranking.tables.map(({ table, state, found: has, missed }) => ({ table, state, found: has, missed })),
    );
    expect(found.shown).toEqual(why.attends.map(({ behaviours }) => behaviours.map(({ key }) => key)));
    expect(found.bare).toBe(false);
    expect(found.other).toBe(false);
    expect(found.after).toBe("closed");
  };

  it("ranks and explains in a worker as Node does, and says what runs", async () => {
    const found = await ranked(site.origin);
    expectRight(found);
    expect(found.status.provider).toMatchObject({ name: "wasm", adapter: null, threads: 1, version: "1.30.0" });
    expect(found.status.provider.because).toMatch(/has no WebGPU/);
    expect(found.status).toMatchObject({ worker: true, crossOriginIsolated: false, generation: 1 });
    expect(found.status.requests).toEqual({ waiting: 0, queue: 256, running: 0, workers: 1 });
    expect(found.status.tables).toMatchObject([{ table: "video_keys", state: "fresh" }]);
    expect(found.warnings).toEqual([]);
    const last = found.progress.at(-1);
    expect(last?.done).toBe(last?.total);
    expect(found.progress.length).toBeGreaterThan(2);
    // The build for WASM alone, and neither script nor WASM of another one.
    const asked = site.requests.filter((path) => path.startsWith("/node_modules/onnxruntime-web/"));
    expect([...new Set(asked)].map((path) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
      "ort.wasm.bundle.min.mjs",
      "ort-wasm-simd-threaded.wasm",
    ]);
  });

  it("holds the page up for no 50 ms, or a tenth of what the same work does on the page", async () => {
    const longest = async (options?: Parameters<typeof ranked>[1]) =>
      Math.max(0, ...(await ranked(site.origin, options)).long);
    const itself = await longest({ worker: false, providers: ["wasm"] });
    // A busy machine stops a page at times; what the page does itself, it does each time.
    const visits: number[] = [];
    while (visits.length < 4 && (visits.length === 0 || visits[visits.length - 1] > itself / 10)) {
      visits.push(await longest());
    }
    expect(itself, "what no worker takes off the page").toBeGreaterThan(0);
    expect(visits.at(-1), `the longest task of each visit, in ms: ${visits}`).toBeLessThanOrEqual(itself / 10);
  });

  it("ranks on the page itself where that is asked for", async () => {
    const found = await ranked(site.origin, { worker: false, providers: ["wasm"] });
    expectRight(found);
    expect(found.status).toMatchObject({ worker: false, provider: { name: "wasm", because: "it was asked for" } });
    expect(found.status.requests.workers).toBe(0);
  });

  it("is what the example page does", async () => {
    const example = await webSite(browser, build.dir, {
      routes: {
        "/examples/browser/": { folder: join(root, "examples/browser") },
        "/examples/browser/first/twin/": { folder: build.dir },
        "/examples/browser/first/request.json": { file: build.request },
      },
    });
    const sources = ["index.html", "page.js"].map((name) => readFileSync(join(root, "examples/browser", name), "utf8"));
    expect(sources.join("").split("\n").length).toBeLessThanOrEqual(150);
    const page = await browser.open(`${example.origin}/examples/browser/index.html`);
    await page.waitForSelector("#status dd");
    const texts = await page.locator("#ranked .key, #behaviours .key").allInnerTexts();
    const { scores } = expected.ranking;
    const [label] = Object.keys(scores);
    const best = [...scores[label].keys()].sort((a, b) => scores[label][b] - scores[label][a])[0];
    const { rank } = parseRequest(readFileSync(build.request, "utf8"), "request");
    expect(texts[0]).toBe(String(rank.candidates.item[best]));
    expect(texts).toHaveLength(10 + 8);
    expect(await page.locator("#status").textContent()).toMatch(/wasm, one thread: .*no WebGPU/);
  });

  it("works over plain http, and says what it goes without", async () => {
    const found = await ranked(site.insecure);
    expectRight(found);
    expect(found.status.provider.because).toMatch(/secure context/);
    expect(found.status.notes.join()).toMatch(/secure context/);
  });

  it("has threads where the page is cross-origin isolated, and says that it has not where one asks for them elsewhere", async () => {
    const apart = await webSite(browser, build.dir, {
      routes: { "/request.json": { file: build.request } },
      headers: isolated,
    });
    const found = await ranked(apart.origin, { threads: 2 });
    expectRight(found);
    expect(found.status).toMatchObject({ crossOriginIsolated: true, provider: { threads: 2 } });
    const alone = await ranked(site.origin, { threads: 2 });
    expect(alone.status.provider.threads).toBe(1);
    expect(alone.warnings).toEqual([expect.stringMatching(/^WASM runs in one thread instead of 2: .* headers/)]);
    expect(alone.heard).toEqual(alone.warnings);
  });
});
