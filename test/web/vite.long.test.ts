// The packed file in a page as a stranger makes it: installed by npm into an empty app beside Vite, of this and of earlier
// versions, from the dev server and from a build on a static server. It asks the npm registry.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { packed } from "../kit/packed.ts";
import { isolated } from "../kit/site.ts";

const folder = temporary();
const made = join(folder, "made");
const config = "vite.config.js";

/** What `docs/web.md` says that a version's config must have; null: nothing. */
const versions: readonly (readonly [version: string, config: object | null])[] = [
  ["8", null],
  ["7", { optimizeDeps: { exclude: ["twin-compiler"] }, worker: { format: "es" } }],
  ["6", { optimizeDeps: { exclude: ["twin-compiler"] }, worker: { format: "es" }, build: { target: "es2022" } }],
];

/** The dev server isolates its pages, too. */
const configText = (needed: object | null): string =>
  `export default ${JSON.stringify({ ...needed, server: { headers: isolated } })};\n`;

/** Ranks what lies beside it in `public/`, and says the scores, or the error. */
const page = `import { load } from "twin-compiler/web";
try {
  const { user, time, history, context, candidates } = await (await fetch("/request.json")).json();
  const providers = [new URLSearchParams(location.search).get("on")];
  const twin = await load("/model/", { providers, threads: 2, ...(providers[0] === "wasm" && { plan: "kernel" }) });
  const prepared = await twin.prepare({ user, time, history });
  const { scores } = await prepared.rank({ context, candidates });
  // A lane joins when it is open.
  for (let tries = 0; twin.status().plan.kernel?.lanes === 1 && twin.warnings.length === 0 && tries < 500; tries++) {
    await prepared.rank({ context, candidates });
  }
  const { provider, plan } = twin.status();
  globalThis.said = { on: provider.name, lanes: plan.kernel?.lanes ?? 0, scores: [...scores.click] };
} catch (error) {
  globalThis.said = { error: String(error) };
}
document.title = "done";
`;
const html = `<!doctype html>
<title>waiting</title>
<link rel="icon" href="data:,">
<script type="module" src="/main.js"></script>
`;

const server = `import { readFileSync } from "node:fs";
import { load } from "twin-compiler/runtime";
const { user, time, history, context, candidates } = JSON.parse(readFileSync("first/request.json", "utf8"));
const twin = await load("first/twin");
const { scores } = await (await twin.prepare({ user, time, history })).rank({ context, candidates });
await twin.close();
console.log(JSON.stringify([...scores.click]));
`;

const npm = (cwd: string, ...args: string[]) =>
  execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund"], { cwd, stdio: "pipe" });
const appOf = (version: string) => join(folder, `vite-${version}`);
const vite = "node_modules/vite/bin/vite.js";
const environment = { ...process.env, NO_COLOR: "1" };

let tarball = "";
let expected: number[] = [];

/** An empty app with the package and Vite of a version; its page ranks the quickstart's model. */
function install(version: string): string {
  const app = appOf(version);
  mkdirSync(join(app, "public"), { recursive: true });
  writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  npm(app, "install", tarball, "onnxruntime-web@1.30", `vite@${version}`);
  writeFileSync(join(app, "index.html"), html);
  writeFileSync(join(app, "main.js"), page);
  cpSync(join(made, "first/twin"), join(app, "public/model"), { recursive: true });
  cpSync(join(made, "first/request.json"), join(app, "public/request.json"));
  return app;
}

describe("a page of the installed package", needs("chromium"), () => {
  const browser = useBrowser();
  const servers: ChildProcess[] = [];

  beforeAll(() => {
    tarball = packed(folder);
    mkdirSync(made);
    writeFileSync(join(made, "package.json"), '{"name": "made", "private": true, "type": "module"}\n');
    writeFileSync(join(made, "rank.js"), server);
    npm(made, "install", tarball);
    const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: made, encoding: "utf8" });
    node("node_modules/twin-compiler/cli/twin.mjs", "quickstart", "first", "--steps", "10");
    expected = JSON.parse(node("rank.js"));
  }, 600_000);
  afterAll(() => {
    for (const one of servers) {
      one.kill();
    }
    cleanUp();
  });

  /** The address of a dev server of an app. */
  async function dev(app: string): Promise<string> {
    for (const other of servers.splice(0)) {
      other.kill();
    }
    rmSync(join(app, "node_modules/.vite"), { recursive: true, force: true });
    const one = spawn(process.execPath, [vite, "--host", "127.0.0.1"], { cwd: app, env: environment });
    servers.push(one);
    let text = "";
    return new Promise((resolve, reject) => {
      const take = (chunk: Buffer) => {
        text += String(chunk);
        const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
        if (address !== undefined) {
          resolve(address);
        }
      };
      one.stdout?.on("data", take);
      one.stderr?.on("data", take);
      one.once("exit", () => reject(new Error(text)));
    });
  }

  const build = (app: string) =>
    spawnSync(process.execPath, [vite, "build"], { cwd: app, env: environment, encoding: "utf8" });

  /** What the page says. */
  async function said(address: string) {
    const one = await browser.open(address);
    await one.waitForFunction(`document.title === "done"`, undefined, { timeout: 120_000 });
    return one.evaluate(
      () => (globalThis as unknown as { said: { on: string; lanes: number; scores: number[] } }).said,
    );
  }

  async function expectRanked(address: string): Promise<void> {
    const { on } = Object.fromEntries(new URL(address).searchParams);
    const found = await said(address);
    expect(found).toMatchObject({ on, lanes: on === "wasm" ? 2 : 0 });
    expect(expected).toHaveLength(100);
    for (const [n, score] of expected.entries()) {
      expect(Math.abs(found.scores[n] - score)).toBeLessThan(1e-4);
    }
  }

  describe.each(versions)("by Vite %s", (version, needed) => {
    let app: string;
    beforeAll(() => {
      app = install(version);
      const { version: found } = JSON.parse(readFileSync(join(app, "node_modules/vite/package.json"), "utf8"));
      expect(found.split(".")[0]).toBe(version);
    }, 600_000);

    if (needed !== null) {
      it("without a config says what it needs", async () => {
        const { status, stderr } = build(app);
        expect(status).toBe(1);
        expect(stderr).toContain('Invalid value "iife" for option "worker.format"');
        const found = await said(`${await dev(app)}/?on=wasm`);
        expect(found).toEqual({
          error: expect.stringMatching(/web-worker\.js .*cannot be loaded\. Vite .*optimizeDeps/),
        });
      }, 300_000);
    }

    describe("from the dev server", () => {
      let address: string;
      beforeAll(async () => {
        writeFileSync(join(app, config), configText(needed));
        address = await dev(app);
      }, 60_000);

      it("ranks on WASM as Node does", () => expectRanked(`${address}/?on=wasm`), 300_000);
      it("ranks on WebGPU as Node does", { ...needs("browser webgpu"), timeout: 300_000 }, () =>
        expectRanked(`${address}/?on=webgpu`),
      );
    });

    describe("from a build on a static server", () => {
      let address: string;
      beforeAll(async () => {
        const { status, stdout, stderr } = build(app);
        expect(status, stdout + stderr).toBe(0);
        const site = await browser.site({ routes: { "/": { folder: join(app, "dist") } }, headers: isolated });
        address = `${site.origin}/index.html`;
      }, 120_000);

      it("ranks on WASM as Node does", () => expectRanked(`${address}?on=wasm`), 300_000);
      it("ranks on WebGPU as Node does", { ...needs("browser webgpu"), timeout: 300_000 }, () =>
        expectRanked(`${address}?on=webgpu`),
      );
    });
  });
});
