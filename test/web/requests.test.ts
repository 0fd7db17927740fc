// Requests of a page under way: given up, too many of them, after closing; and a library that is not there.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { useBrowser } from "../kit/browser.ts";
import { small } from "../kit/built-models.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { hostileCases } from "../kit/hostile-values.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";
import type { Site } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("requests of a page", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  const request = { user: someUser(30), candidates: someCandidates(12) };
  let dir: string;
  let site: Site;
  beforeAll(async () => {
    dir = await builtRanked();
    site = await webSite(browser, dir);
  });
  afterAll(cleanUp);

  it("are given up by a signal, refused where too many wait, and waited for by close", async () => {
    const page = await readyPage(browser, site.origin);
    const found = await page.evaluate(async ({ user, candidates }) => {
      const early = new AbortController();
      const loading = globalThis.twin.load("build/", { signal: early.signal });
      early.abort(new Error("not wanted"));
      const notLoaded = await loading.catch(({ message }) => message);
      const twin = await globalThis.twin.load("build/", { queue: 1 });
      const prepared = await twin.prepare(user);
      const control = new AbortController();
      const first = prepared.rank(candidates, { signal: control.signal }).catch((error) => error.message);
      const waiting = prepared.rank(candidates);
      const refused = await prepared.rank(candidates).catch(({ code }) => code);
      const { requests } = twin.status();
      control.abort(new Error("the user left"));
      const aborted = await first;
      const late = await twin.prepare(user, { deadline: Date.now() - 1 }).catch(({ code }) => code);
      const done = (await waiting).scores.click.length;
      const wrong = await twin.prepare({ history: { item: [2 ** 60], time: [1] } }).catch((error) => error.message);
      const last = prepared.rank(candidates);
      const closing = twin.close();
      const waited = (await last).scores.click.length;
      await closing;
      const closed = await twin.prepare(user).catch(({ code }) => code);
      return { notLoaded, refused, requests, aborted, late, wrong, done, waited, closed };
    }, request);
    expect(found).toMatchObject({
      notLoaded: "not wanted",
      refused: "queue_full",
      requests: { waiting: 1, queue: 1, running: 1, workers: 1 },
      aborted: "the user left",
      late: "deadline",
      done: 12,
      waited: 12,
      closed: "closed",
    });
    expect(found.wrong).toMatch(/^history watched, index 0: time is 1, which as epoch seconds lies outside/);
  });

  it("are refused by the host where a value is of the wrong kind: what runs graphs is not even there", async () => {
    const everything = built(small(readFileSync("test/good/everything.twin", "utf8")));
    const bare = await webSite(browser, everything, {
      routes: { "/node_modules/onnxruntime-web/dist/": (_, response) => response.writeHead(404).end() },
    });
    const cases = hostileCases(readManifest(everything), "wrong");
    // What the page's table lacks would be projected while the user is prepared: the candidates' own are asked alone.
    const parts = cases.map(({ place, request: { context, candidates, ...user } }) =>
      /^(context|candidates|keys of candidates)/.test(place)
        ? { user: null, candidates: { context, candidates } }
        : { user, candidates: null },
    );
    const nobody = { history: { seen: { item: [] }, bought: { item: [] } } };
    const page = await readyPage(browser, bare.origin, { expected: [/404/] });
    const said = await page.evaluate(
      async ({ parts, nobody }) => {
        const { load, TwinError } = globalThis.twin;
        const twin = await load("build/");
        const prepared = await twin.prepare(nobody);
        const told: string[] = [];
        for (const { user, candidates } of parts) {
          const asking = user === null ? prepared.rank(candidates as never) : twin.prepare(user as never);
          told.push(
            await asking.then(
              () => "taken",
              (error) => (error instanceof TwinError ? error.message : `bug: ${error}`),
            ),
          );
        }
        return told;
      },
      { parts, nobody },
    );
    expect(cases.length).toBeGreaterThan(200);
    cases.forEach(({ place, names, value }, i) => {
      expect(said[i], `${place}: ${String(value)}`).toContain(names[0]);
      expect(said[i], `${place}: ${String(value)}`).not.toMatch(/onnxruntime-web|^bug/);
    });
  }, 120_000);

  it("say what to install where onnxruntime-web is not there", async () => {
    const bare = await webSite(browser, dir, {
      routes: { "/node_modules/onnxruntime-web/dist/": (_, response) => response.writeHead(404).end() },
    });
    const page = await readyPage(browser, bare.origin, { expected: [/404/] });
    const said = await page.evaluate(async ({ user, candidates }) => {
      const twin = await globalThis.twin.load("build/");
      const prepared = await twin.prepare(user);
      return prepared.rank(candidates).catch((error) => [error instanceof globalThis.twin.TwinError, error.message]);
    }, request);
    expect(said).toEqual([
      true,
      expect.stringMatching(
        /onnxruntime-web cannot be loaded .* Install it: npm install onnxruntime-web@1\.30\..*wasmPaths/,
      ),
    ]);
  });
});
