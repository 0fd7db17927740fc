// How tests start a browser, and whether it has a WebGPU adapter; Chromium's own one in software, which is the same everywhere.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { plainHost } from "./site.ts";

/** `webgpu: false`: a page finds no `navigator.gpu`. */
export const browserFlags = ({ webgpu = true }: { readonly webgpu?: boolean } = {}): string[] => [
  "--disable-quic",
  "--no-first-run",
  `--host-resolver-rules=MAP ${plainHost} 127.0.0.1`,
  ...(webgpu
    ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
    : ["--disable-blink-features=WebGPU", "--disable-features=WebGPU"]),
];

/** Asked in another process, for it has to be awaited. */
const probe = `
  const { chromium } = require(process.argv[1]);
  const [executablePath, ...args] = process.argv.slice(2);
  (async () => {
    const browser = await chromium.launch({ executablePath, args });
    try {
      const page = await browser.newPage();
      await page.route("**/*", (route) => route.fulfill({ body: "<!doctype html>", contentType: "text/html" }));
      await page.goto("http://localhost/");
      const lacks = await page.evaluate(async () => {
        if (navigator.gpu === undefined) return "there is no navigator.gpu";
        const adapter = await navigator.gpu.requestAdapter();
        return adapter === null ? "it has no adapter" : null;
      });
      if (lacks !== null) throw new Error(lacks);
    } finally {
      await browser.close();
    }
  })().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** Why a page of this browser has no adapter, or null where it has one. */
export function noBrowserAdapter(program: string): string | null {
  const library = createRequire(import.meta.url).resolve("playwright-core");
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  const ask = () => spawnSync(process.execPath, ["-e", probe, library, program, ...browserFlags()], options);
  let asked = ask();
  // A page may stall at its adapter, or a busy machine: one that says nothing is asked again.
  for (let times = 1; times < 3 && asked.signal !== null; times++) {
    asked = ask();
  }
  const { status, stderr, signal } = asked;
  return status === 0 ? null : stderr.trim().split("\n")[0] || signal || `exit ${status}`;
}
