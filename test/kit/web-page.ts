// A page that has loaded the package as it is shipped, from a static server on which node_modules lies as npm makes it.
import { join } from "node:path";
import type * as Web from "../../runtime/web/index.ts";
import { ortWebFolder, type TestBrowser } from "./browser.ts";
import type { Content, Site } from "./site.ts";

const root = join(import.meta.dirname, "../..");

declare global {
  /** In the page: `twin-compiler/web`. */
  var twin: typeof Web;
}

/** What a page's script imports, as the package is laid out when it is installed. */
export const installed: Readonly<Record<string, Content>> = {
  "/node_modules/twin-compiler/dist/": { folder: join(root, "dist") },
  "/node_modules/onnxruntime-web/dist/": { folder: ortWebFolder },
};

/** A page without any bundler. */
export const plainPage = `<!doctype html><title>waiting</title><script type="module">
  import * as twin from "/node_modules/twin-compiler/dist/web.js";
  globalThis.twin = twin;
  document.title = "ready";
</script>`;

/** A site with that page, a build folder under /build/, and a request. */
export function webSite(
  browser: TestBrowser,
  dir: string,
  { routes = {}, headers = {} }: { routes?: Record<string, Content>; headers?: Record<string, string> } = {},
): Promise<Site> {
  return browser.site({ routes: { "/": plainPage, ...installed, "/build/": { folder: dir }, ...routes }, headers });
}

/** Resolves when the page has the library. */
export async function readyPage(browser: TestBrowser, url: string, options?: Parameters<TestBrowser["open"]>[1]) {
  const page = await browser.open(url, options);
  await page.waitForFunction(`document.title === "ready"`);
  return page;
}
