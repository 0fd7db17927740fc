// A page that has loaded the package as it is shipped, from a static server on which node_modules lies as npm makes it.
import type { TestBrowser } from "./browser.ts";
import { installed, plainPage } from "./plain-page.ts";
import type { Content, Site } from "./site.ts";

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
