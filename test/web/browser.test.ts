// The browser under test: what pages get from the test's server, and that their errors fail tests.
import { describe, expect, it } from "vitest";
import { pageScript, useBrowser } from "../kit/browser.ts";
import { needs } from "../kit/needs.ts";
import { isolated } from "../kit/site.ts";

describe("a page", needs("chromium"), () => {
  const browser = useBrowser();

  it("runs a bundled script; isolated where the headers say so, secure by its host", async () => {
    const contents = `
      import { recordOf } from "./contract/record.ts";
      const { caches: store } = recordOf([["caches", typeof caches]]);
      document.title = [crossOriginIsolated, isSecureContext, store].join();`;
    const routes = {
      "/": `<!doctype html><script type="module" src="/page.js"></script>`,
      "/page.js": await pageScript({ contents }),
    };
    const [plain, apart] = [await browser.site({ routes }), await browser.site({ routes, headers: isolated })];
    const titles: string[] = [];
    for (const url of [plain.origin, plain.insecure, plain.other, apart.origin]) {
      titles.push(await (await browser.open(url)).title());
    }
    expect(titles).toEqual(["false,true,object", "false,false,undefined", "false,true,object", "true,true,object"]);
    expect(plain.requests.filter((path) => path === "/page.js")).toHaveLength(3);
  });

  it("gets files, ranges and answers of the test's own, and nothing from outside of a folder", async () => {
    const site = await browser.site({
      routes: {
        "/": "<!doctype html>",
        "/bytes.bin": Uint8Array.of(0, 1, 2, 3, 4),
        "/kit/": { folder: import.meta.dirname },
        "/own": (_, response) => response.writeHead(201).end("own"),
      },
    });
    const page = await browser.open(site.origin, { expected: [/status of (404|416)/] });
    const got = await page.evaluate(async () => {
      const ask = async (path: string, range?: string) => {
        const answer = await fetch(path, { headers: range === undefined ? {} : { range } });
        return [answer.status, answer.headers.get("content-range"), (await answer.arrayBuffer()).byteLength];
      };
      return [
        await ask("/bytes.bin"),
        await ask("/bytes.bin", "bytes=1-2"),
        await ask("/bytes.bin", "bytes=3-"),
        await ask("/bytes.bin", "bytes=5-6"),
        await ask("/own"),
        await ask("/kit/..%2ftiers.ts"),
        await ask("/kit/none.ts"),
        [(await ask("/kit/browser.test.ts"))[0]],
      ];
    });
    expect(got).toEqual([
      [200, null, 5],
      [206, "bytes 1-2/5", 2],
      [206, "bytes 3-4/5", 2],
      [416, "bytes */5", 0],
      [201, null, 3],
      [404, null, 0],
      [404, null, 0],
      [200],
    ]);
  });

  it("that reports an error, throws or crashes fails its test", async () => {
    const { origin } = await browser.site({ routes: { "/": "<!doctype html>" } });
    const page = await browser.open(origin, { expected: [/belongs/] });
    await page.evaluate(() => {
      console.error("said");
      console.error("belongs to it");
      setTimeout(() => {
        throw new TypeError("thrown");
      });
    });
    const found: string[] = [];
    await expect
      .poll(() => {
        found.push(...browser.problems());
        return found.join();
      })
      .toMatch(/^said \(.*\),TypeError: thrown$/);
    const crashed = page.waitForEvent("crash");
    void page.goto("chrome://crash").catch(() => undefined);
    await crashed;
    expect(browser.problems()).toEqual([`the page ${origin} crashed`]);
  });
});
