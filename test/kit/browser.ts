// One browser for the tests of a file: the user's own Chrome or Chromium. What a page reports as an error, or a page that
// crashes, fails the test in which it happens.
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { type BrowserContext, type BrowserContextOptions, chromium as driver, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { browserFlags } from "./browser-flags.ts";
import { chromium } from "./chromium.ts";
import { lacking } from "./needs.ts";
import { noteOfRun } from "./run-notes.ts";
import { type Site, type SiteOptions, startSite } from "./site.ts";

const root = join(import.meta.dirname, "../..");

export interface PageOptions {
  /** Errors of the page that belong to the test. */
  readonly expected?: readonly RegExp[];
  /** Open until the file's tests are over, instead of until the test is. */
  readonly kept?: boolean;
  /** Whose storage and cache it shares; else it has its own, empty ones. */
  readonly context?: BrowserContext;
  readonly contextOptions?: BrowserContextOptions;
}

export interface TestBrowser {
  /** Of Chrome's kin. */
  readonly version: () => string;
  /** Opens a page; resolves once it has loaded. */
  open(url: string, options?: PageOptions): Promise<Page>;
  /** A server until the file's tests are over. */
  site(options: SiteOptions): Promise<Site>;
  /** Takes what pages reported as errors since the last test; what is left at a test's end fails it. */
  problems(): string[];
  /** Closes a page that is kept, whatever it does. */
  close(page: Page): Promise<void>;
}

/** The file that called it last: files of tests share this module. */
let usedBy: string | undefined;

/** The browser of the suite in which it is called, once in a file: its `describe` says `needs("chromium")`. */
export function useBrowser(flags: { readonly webgpu?: boolean } = {}): TestBrowser {
  const file = expect.getState().testPath;
  if (usedBy === file) {
    throw new Error("a test file has one browser: call useBrowser once, in a describe around all that use it");
  }
  usedBy = file;
  let browser: Awaited<ReturnType<typeof driver.launch>> | undefined;
  const problems: string[] = [];
  const passing = new Set<Page>();
  const kept = new Set<Page>();
  const sites: Site[] = [];

  const running = () => {
    if (browser === undefined) {
      throw new Error("the browser is there in hooks and tests of the suite that called useBrowser");
    }
    return browser;
  };
  const close = async (page: Page) => {
    passing.delete(page);
    kept.delete(page);
    await page.close({ runBeforeUnload: false });
  };

  if (lacking("chromium") === null) {
    beforeAll(async () => {
      const program = chromium();
      browser = await driver.launch({ executablePath: program ?? "", args: browserFlags(flags) });
      noteOfRun("browser", `${program}, ${browser.version()}`);
    });
    afterEach(async () => {
      await Promise.all([...passing].map(close));
      expect(problems.splice(0), "errors of the page").toEqual([]);
    });
    afterAll(async () => {
      await browser?.close();
      await Promise.all(sites.map((site) => site.close()));
    });
  }

  return {
    version: () => running().version(),
    close,
    problems: () => problems.splice(0),
    async site(options) {
      const site = await startSite(options);
      sites.push(site);
      return site;
    },
    async open(url, { expected = [], kept: keep = false, context, contextOptions } = {}) {
      const owner = context ?? (await running().newContext(contextOptions));
      const page = await owner.newPage();
      (keep ? kept : passing).add(page);
      if (context === undefined) {
        page.once("close", () => void owner.close().catch(() => undefined));
      }
      const report = (text: string) => {
        if (!expected.some((pattern) => pattern.test(text))) {
          problems.push(text);
        }
      };
      page.on("pageerror", (error) => report(`${error.name}: ${error.message}`));
      page.on("crash", () => report(`the page ${url} crashed`));
      page.on("console", (message) => {
        if (message.type() === "error") {
          report(`${message.text()} (${message.location().url})`);
        }
      });
      const response = await page.goto(url);
      if (response?.ok() === false) {
        throw new Error(`${url}: ${response.status()}`);
      }
      return page;
    },
  };
}

/** A module of the repository, or a text with what it imports, as one script for a page. */
export async function pageScript(
  entry: string | { readonly contents: string; readonly resolveDir?: string },
  options: BuildOptions = {},
): Promise<string> {
  const from =
    typeof entry === "string"
      ? { entryPoints: [entry] }
      : { stdin: { contents: entry.contents, resolveDir: entry.resolveDir ?? root, loader: "ts" as const } };
  const { outputFiles } = await build({
    absWorkingDir: root,
    ...from,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { TWIN_VERSION: '"0"' },
    logLevel: "silent",
    ...options,
    write: false,
  });
  return outputFiles[0].text;
}
