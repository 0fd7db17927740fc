// What comes between a page and its folder: a pack instead of tables, another generation, a worker that dies, a load given up.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutPack } from "../../runtime/build-table/index.ts";
import { load } from "../../runtime/index.ts";
import type { WebTwin } from "../../runtime/web/index.ts";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp, writeTables } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import type { Site } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("a page", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  const request = { user: someUser(30), candidates: someCandidates(12) };
  let dir: string;
  let site: Site;
  let pack: Uint8Array;
  beforeAll(async () => {
    // An item without a row is a row of zeros: scores tell the generations apart.
    dir = await builtRanked(rankSource("precision: float32 on_miss: zero"));
    const keys = itemColumns().keys.map(String);
    pack = (await cutPack({ dir, keys, where: "ids" })).bytes;
    site = await webSite(browser, dir, { routes: { "/packs/all.bin": pack } });
  });
  afterAll(cleanUp);

  const byNode = async (): Promise<number[]> => {
    const twin = await load(dir, { threads: 1 });
    const { scores } = await (await twin.prepare(request.user)).rank(request.candidates);
    await twin.close();
    return [...scores.click];
  };
  const expectNear = (found: readonly number[], expected: readonly number[]): void => {
    expect(found).toHaveLength(expected.length);
    found.forEach((score, i) => {
      expect(Math.abs(score - expected[i])).toBeLessThanOrEqual(1e-4);
    });
  };

  it.each(["bytes", "address"] as const)("ranks by a pack that it brings as %s, and fetches no tables", async (how) => {
    const before = site.requests.length;
    const page = await readyPage(browser, site.origin);
    const found = await page.evaluate(
      async ({ how, request }) => {
        const pack =
          how === "address" ? "packs/all.bin" : new Uint8Array(await (await fetch("/packs/all.bin")).arrayBuffer());
        const twin = await globalThis.twin.load("build/", { pack });
        const { scores, tables } = await (await twin.prepare(request.user)).rank(request.candidates);
        const other = await twin.refresh();
        await twin.close();
        return { click: [...scores.click], missed: tables.map(({ missed }) => missed), other };
      },
      { how, request },
    );
    expectNear(found.click, await byNode());
    expect(found).toMatchObject({ missed: [0], other: false });
    expect(site.requests.slice(before).filter((path) => path.includes("/tables/"))).toEqual([]);
  });

  it("ranks who was prepared before by the generation of then, and others by the one that it refreshed to", async () => {
    const first = await byNode();
    const page = await readyPage(browser, site.origin);
    const generations = async () =>
      page.evaluate(async (request) => {
        const twin = (globalThis as unknown as { held: { twin: WebTwin } }).held.twin;
        const other = await twin.refresh();
        const prepared = await twin.prepare(request.user);
        const old = (globalThis as unknown as { held: { prepared: typeof prepared } }).held.prepared;
        const rank = async (user: typeof prepared) => [...(await user.rank(request.candidates)).scores.click];
        // The thread keeps few sides: what it let go of is prepared anew, by the tables of then.
        for (let i = 0; i < 80; i++) {
          await twin.prepare(request.user);
        }
        return { other, old: await rank(old), now: await rank(prepared), generation: twin.status().generation };
      }, request);
    await page.evaluate(async (request) => {
      const twin = await globalThis.twin.load("build/");
      const prepared = await twin.prepare(request.user);
      await prepared.rank(request.candidates);
      Object.assign(globalThis, { held: { twin, prepared } });
    }, request);
    expect(await generations()).toMatchObject({ other: false, generation: 1 });
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns, { covered: 40 });
    const second = await byNode();
    expect(Math.max(...first.map((score, i) => Math.abs(score - second[i])))).toBeGreaterThan(1e-3);
    const found = await generations();
    expect(found).toMatchObject({ other: true, generation: 2 });
    expectNear(found.old, first);
    expectNear(found.now, second);
  });

  it("says that a worker died, fails what it had to do, and goes on in another one", async () => {
    const page = await readyPage(browser, site.origin, { expected: [/died of itself/] });
    const found = await page.evaluate(
      async ({ request, origin }) => {
        // The shipped program, and one more listener that throws where nobody catches.
        const program = `import "${origin}/node_modules/twin-compiler/dist/web-worker.js";
        addEventListener("message", ({ data }) => { if (data === "die") { setTimeout(() => { throw new Error("died of itself"); }, 0); } });`;
        const started: { postMessage(message: unknown): void; terminate(): void }[] = [];
        const twin = await globalThis.twin.load("build/", {
          providers: ["wasm"],
          wasmPaths: "/node_modules/onnxruntime-web/dist/",
          worker: () => {
            const start = Reflect.get(globalThis, "Worker");
            const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
            const one = new start(url, { type: "module" });
            started.push(one);
            return one;
          },
        });
        const prepared = await twin.prepare(request.user);
        const before = [...(await prepared.rank(request.candidates)).scores.click];
        const killed = prepared.rank(request.candidates).catch(({ code, message }) => ({ code, message }));
        await Promise.resolve();
        started[0].postMessage("die");
        const first = await Promise.race([killed, new Promise((resolve) => setTimeout(resolve, 20_000, "hangs"))]);
        // Whether that run was done before or not: the worker is gone now.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const after = [...(await prepared.rank(request.candidates)).scores.click];
        await twin.close();
        return { before, first, after, workers: started.length };
      },
      { request, origin: site.origin },
    );
    expect(found.first).not.toBe("hangs");
    expect(found.workers).toBe(2);
    expect(found.after).toEqual(found.before);
  });

  it("says that a worker died while it opened the folder", async () => {
    const page = await readyPage(browser, site.origin, { expected: [/no such luck/] });
    const said = await page.evaluate(async () => {
      const loading = globalThis.twin
        .load("build/", {
          worker: () => {
            const start = Reflect.get(globalThis, "Worker");
            const blob = new Blob([`throw new Error("no such luck");`], { type: "text/javascript" });
            return new start(URL.createObjectURL(blob), { type: "module" });
          },
        })
        .then(
          () => "loaded",
          (error) => [error instanceof globalThis.twin.TwinError, error.code, error.message],
        );
      return Promise.race([loading, new Promise((resolve) => setTimeout(resolve, 20_000, "hangs"))]);
    });
    expect(said).toEqual([true, "thread_ended", expect.stringMatching(/worker .*ended .*no such luck/)]);
  });

  it("says what a bundler needs where the worker's program is not there", async () => {
    const page = await readyPage(browser, site.origin, { expected: [/status of 404/] });
    const said = await page.evaluate(async () => {
      const loading = globalThis.twin
        .load("build/", {
          worker: () => new (Reflect.get(globalThis, "Worker"))("/nowhere.js", { type: "module" }),
        })
        .then(
          () => "loaded",
          (error) => [error instanceof globalThis.twin.TwinError, error.code, error.message],
        );
      return Promise.race([loading, new Promise((resolve) => setTimeout(resolve, 20_000, "hangs"))]);
    });
    expect(said).toEqual([true, undefined, expect.stringMatching(/web-worker\.js .*cannot be loaded.*optimizeDeps/)]);
  });

  it.each([true, false])("fetches nothing more where loading is given up, in a worker: %s", async (worker) => {
    let closed = 0;
    let asked = 0;
    const slow = await webSite(browser, dir, {
      routes: {
        // It never answers: whoever waits must leave by himself.
        "/build/tables/current": (_, response) => {
          asked++;
          response.on("close", () => closed++);
        },
      },
    });
    const page = await readyPage(browser, slow.origin);
    const said = await page.evaluate(async (worker) => {
      const control = new AbortController();
      const loading = globalThis.twin.load("build/", { worker, signal: control.signal });
      setTimeout(() => control.abort(new Error("not wanted")), 1500);
      return loading.then(
        () => "loaded",
        ({ message }) => message,
      );
    }, worker);
    expect(said).toBe("not wanted");
    await expect.poll(() => [asked, closed], { timeout: 5000 }).toEqual([1, 1]);
    const until = slow.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(slow.requests.slice(until)).toEqual([]);
  });
});
