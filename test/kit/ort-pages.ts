// Graphs on onnxruntime-web, one after the other in one reused page. A session of WebGPU may stall while it opens, without
// an error: every run is bounded in time and tried again in a fresh page, and how often is counted.
import type { Page } from "playwright-core";
import { builder } from "../../compiler/ir/build.ts";
import { pageScript, type TestBrowser } from "./browser.ts";
import { graphOf } from "./graph-of.ts";
import type { RunKernel } from "./kernel-wire.ts";
import { bytesOf } from "./onnx.ts";
import type { PageRun } from "./ort-page.ts";
import { ortWebFolder } from "./plain-page.ts";
import { parityName, weightsName } from "./provider-models.ts";
import type { RunCases } from "./provider-run.ts";
import { isolated, type Site } from "./site.ts";

export type WebProvider = PageRun["provider"];

/** Runs that may be tried again in all the tests of a file; more fail. */
export const mostRetries = 3;
/** The script of a page that runs graphs, or another module over the same entry of the library. */
export const ortScript = (provider: WebProvider, entry = "test/kit/ort-page.ts"): Promise<string> =>
  pageScript(entry, { alias: { "onnxruntime-web/wasm": `onnxruntime-web/${provider}` } });

export interface OrtPages {
  readonly run: RunCases;
  /** The selection kernel in the page. */
  readonly runKernel: RunKernel;
  /** The page that is open. @param work bounded in time, and tried again in a fresh page where it stalls */
  inPage<T>(work: (page: Page) => Promise<T>): Promise<T>;
  readonly site: () => Promise<Site>;
  /** How often a run stalled and was tried again. */
  retries(): number;
}

export interface OrtPagesOptions {
  readonly threads?: number;
  /** Milliseconds that any one graph takes at most, on a processor that others use as well. */
  readonly patience?: number;
}

export function ortPages(
  browser: TestBrowser,
  provider: WebProvider,
  { threads = 1, patience = 60_000 }: OrtPagesOptions = {},
): OrtPages {
  let retries = 0;
  let site: Promise<Site> | undefined;
  let page: Page | undefined;
  const started = () => {
    site ??= (async () => {
      const x = builder("tiny").input("x", "float32", [1]);
      return browser.site({
        headers: isolated,
        routes: {
          "/": `<!doctype html><script type="module" src="/page.js"></script>`,
          "/page.js": await ortScript(provider),
          "/tiny.onnx": bytesOf(graphOf({ y: builder("tiny").relu(x) })),
          "/ort/": { folder: ortWebFolder },
        },
      });
    })();
    return site;
  };
  const open = async () => {
    const fresh = await browser.open((await started()).origin, { kept: true, expected: [/requires f16/] });
    await fresh.waitForFunction(() => globalThis.graphs !== undefined);
    return fresh;
  };
  const inPage: OrtPages["inPage"] = async (work) => {
    for (;;) {
      page ??= await open();
      const late = Symbol("late");
      let timer: NodeJS.Timeout | undefined;
      const clock = new Promise<typeof late>((resolve) => {
        timer = setTimeout(() => resolve(late), patience);
      });
      const working = work(page);
      working.catch(() => undefined);
      const result = await Promise.race([working, clock]).finally(() => clearTimeout(timer));
      if (result !== late) {
        return result as Awaited<ReturnType<typeof work>>;
      }
      await browser.close(page);
      page = undefined;
      retries++;
      if (retries > mostRetries) {
        throw new Error(`${retries} runs on ${provider} gave no answer within ${patience / 1000} s each`);
      }
    }
  };
  return {
    inPage,
    site: started,
    retries: () => retries,
    runKernel: (cases) => inPage((one) => one.evaluate((given) => globalThis.graphs.runKernel(given), cases)),
    async run(model, graph) {
      const server = await started();
      const folder = `/models/${model.name.replaceAll(/\W+/g, "-")}/`;
      server.set(`${folder}${weightsName}`, model.weights);
      server.set(`${folder}${parityName}`, model.parity);
      server.set(`${folder}${graph.name}.onnx`, graph.bytes);
      const asked: PageRun = { folder, file: `${graph.name}.onnx`, places: graph.places, provider, threads };
      const { outputs } = await inPage((one) => one.evaluate((given) => globalThis.graphs.runGraph(given), asked));
      return outputs;
    },
  };
}
