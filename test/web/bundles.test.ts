// A page as Vite and esbuild bundle it: nothing native in it, nothing of Node, and it ranks.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";
import { isolated } from "../kit/site.ts";

const app = join(temporary(), "app");
const modules = join(app, "node_modules");
const [user, candidates] = [someUser(10), someCandidates(3)].map((one) => JSON.stringify(one));

/** A page's own program. */
const program = (options: string): string => `
  import { load } from "twin-compiler/web";
  try {
    const twin = await load("/build/", { providers: ["wasm"], plan: "kernel", threads: 2${options} });
    const prepared = await twin.prepare(${user});
    const { scores } = await prepared.rank(${candidates});
    // A lane joins when it is open.
    for (let tries = 0; twin.status().plan.kernel.lanes < 2 && twin.warnings.length === 0 && tries < 500; tries++) {
      await prepared.rank(${candidates});
    }
    const { provider, plan } = twin.status();
    document.title = [scores.click.length + " ranked on " + provider.name + " in " + plan.kernel.lanes + " lanes", ...twin.warnings].join("; ");
  } catch (error) {
    document.title = String(error);
  }`;

const everyFile = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** What no page may carry. */
function expectForPages(folder: string): void {
  const files = everyFile(folder);
  expect(files.filter((path) => /\.(node|so|dylib|dll)$/.test(path))).toEqual([]);
  for (const path of files.filter((one) => /\.m?js$/.test(one))) {
    const text = readFileSync(path, "utf8");
    // The library's own glue names modules of Node in branches that no page takes.
    if (!/ort[.-]|onnxruntime/.test(path) && !text.includes("ONNX Runtime")) {
      expect(text.match(/(?:from|import\(|require\()\s*["'`]node:[a-z_/]+/g) ?? [], path).toEqual([]);
    }
    expect(text.match(/onnxruntime-node|@duckdb\//g) ?? [], path).toEqual([]);
  }
}

describe("a page that was bundled", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  let dir: string;

  beforeAll(async () => {
    dir = await builtRanked();
    const installed = join(modules, "twin-compiler");
    mkdirSync(installed, { recursive: true });
    for (const name of ["dist", "package.json"]) {
      cpSync(join(root, name), join(installed, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules/onnxruntime-web"), join(modules, "onnxruntime-web"));
    writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  });
  afterAll(cleanUp);

  const title = async (folder: string): Promise<string> => {
    const site = await browser.site({
      routes: { "/": { file: join(folder, "index.html") }, "/build/": { folder: dir }, "/app/": { folder } },
      headers: isolated,
    });
    const page = await browser.open(site.origin);
    await page.waitForFunction(`document.title !== "waiting"`);
    return page.title();
  };

  it("by Vite, which finds worker and WASM by itself", async () => {
    const out = join(app, "vite");
    writeFileSync(
      join(app, "index.html"),
      '<!doctype html><title>waiting</title><script type="module" src="/page.js"></script>',
    );
    writeFileSync(join(app, "page.js"), program(""));
    await vite({
      root: app,
      base: "/app/",
      logLevel: "silent",
      configFile: false,
      build: { outDir: out, target: "es2022" },
    });
    expectForPages(out);
    expect(await title(out)).toBe("3 ranked on wasm in 2 lanes");
  });

  it.each([true, false])(
    "by esbuild, with the worker and its lanes as entries and WASM hosted apart; splitting: %s",
    async (splitting) => {
      const out = join(app, `esbuild-${splitting}`);
      const start = `, worker: () => new Worker("/app/web-worker.js", { type: "module" }), wasmPaths: "/app/ort/"`;
      writeFileSync(join(app, "own.js"), program(start));
      await esbuild({
        absWorkingDir: app,
        entryPoints: {
          page: "own.js",
          "web-worker": "twin-compiler/web-worker",
          "web-lane": "twin-compiler/web-lane",
        },
        outdir: out,
        bundle: true,
        splitting,
        format: "esm",
        target: "es2022",
        logLevel: "silent",
      });
      expectForPages(out);
      cpSync(
        join(root, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"),
        join(out, "ort/ort-wasm-simd-threaded.wasm"),
      );
      writeFileSync(
        join(out, "index.html"),
        '<!doctype html><title>waiting</title><script type="module" src="/app/page.js"></script>',
      );
      expect(await title(out)).toBe("3 ranked on wasm in 2 lanes");
    },
  );
});
