// A page on WASM against Node's CPU, one thread each, same folder and requests, by turns; a page's download and its first
// ranked result: npm run build && npm run quickstart && npx tsx bench/web.ts [DIR] [--request FILE] [--rounds N]
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";
import { chromium as driver, type Page } from "playwright-core";
import { load, type Prepared, parseRequest } from "../runtime/index.ts";
import type { PrepareRequest, RankRequest } from "../runtime/request/index.ts";
import { browserFlags } from "../test/kit/browser-flags.ts";
import { chromium } from "../test/kit/chromium.ts";
import { installed, plainPage } from "../test/kit/plain-page.ts";
import { startSite } from "../test/kit/site.ts";
import { median, milliseconds, table } from "./measure.ts";

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { request: { type: "string" }, rounds: { type: "string", default: "15" } },
});
const dir = positionals[0] ?? join(root, "build/quickstart/twin");
const text = readFileSync(values.request ?? join(dir, "../request.json"), "utf8");
const rounds = Number(values.rounds);
const sizes = [
  { candidates: 100, history: 1_000 },
  { candidates: 100, history: 10_000 },
  { candidates: 1, history: 10_000 },
];

/** Repeats, or cuts, every column to a length, in columns of columns too. */
function stretched<T>(columns: T, length: number): T;
function stretched(columns: unknown, length: number): unknown {
  if (Array.isArray(columns)) {
    return Array.from({ length }, (_, i) => columns[i % columns.length]);
  }
  if (typeof columns !== "object" || columns === null) {
    return columns;
  }
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, stretched(column, length)]));
}

function requestOf({ candidates, history }: (typeof sizes)[number]): { prepare: PrepareRequest; rank: RankRequest } {
  const { prepare, rank } = parseRequest(text, "request.json");
  return {
    prepare: { ...prepare, history: stretched(prepare.history ?? {}, history) },
    rank: { ...rank, candidates: stretched(rank.candidates, candidates) },
  };
}

interface Times {
  readonly prepare: number;
  readonly rank: number;
  readonly scores: readonly number[];
}

async function once(
  twin: { prepare(request: PrepareRequest): Promise<Prepared> },
  { prepare, rank }: { prepare: PrepareRequest; rank: RankRequest },
): Promise<Times> {
  const start = performance.now();
  const prepared = await twin.prepare(prepare);
  const middle = performance.now();
  const ranking = await prepared.rank(rank);
  const end = performance.now();
  return { prepare: middle - start, rank: end - middle, scores: [...Object.values(ranking.scores)[0]] };
}

const spread = (some: readonly number[]): string =>
  `${milliseconds(median(some))} (${milliseconds(Math.min(...some))}–${milliseconds(Math.max(...some))})`;

const program = chromium();
if (program === null) {
  throw new Error("no Chromium or Chrome starts here: name its program in TWIN_CHROMIUM");
}
const browser = await driver.launch({ executablePath: program, args: browserFlags({ webgpu: false }) });
const site = await startSite({
  routes: { "/": plainPage, ...installed, "/build/": { folder: dir }, "/request.json": text },
});

async function open(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript("globalThis.__name = (f) => f");
  await page.goto(site.origin);
  await page.waitForFunction(`document.title === "ready"`);
  return page;
}

console.log(`${cpus()[0].model.trim()}; Node ${process.versions.node}; ${program} ${browser.version()}; one thread each
${dir}`);

// The first ranked result of a page that has nothing, from the start of its navigation.
const firsts: { readonly total: number; readonly fetched: number }[] = [];
for (let visit = 0; visit < 5; visit++) {
  const page = await open();
  firsts.push(
    await page.evaluate(async () => {
      const { load, parseRequest } = globalThis.twin;
      const twin = await load("build", { providers: ["wasm"] });
      const { prepare, rank } = parseRequest(await (await fetch("/request.json")).text(), "request");
      await (await twin.prepare(prepare)).rank(rank);
      const total = performance.now();
      const { network } = twin.status().traffic;
      await twin.close();
      return { total, fetched: network };
    }),
  );
  await page.context().close();
}
console.log(
  `\nfirst ranked result of a page on localhost, cold HTTP cache: ${spread(firsts.map(({ total }) => total))} ms; ` +
    `${(firsts[0].fetched / 1e6).toFixed(2)} MB of the folder`,
);

const packages = join(root, "node_modules");
const scripts = [...new Set(site.requests)].filter((path) => path.startsWith("/node_modules/"));
/** Files that a page asked for, of one package. */
const asked = (name: string): string[] => {
  const own = scripts.filter((path) => path.startsWith(`/node_modules/${name}/`));
  const files = own.map((path) => path.slice(`/node_modules/${name}/`.length));
  return files.map((file) => (name === "twin-compiler" ? join(root, file) : join(packages, name, file)));
};
/** What a page on WebGPU asks for in the place of the build for WASM: `test/web/webgpu.test.ts` holds it. */
const forWebgpu = ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"].map((file) =>
  join(packages, "onnxruntime-web/dist", file),
);
const compressed = (places: readonly string[]): string => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const bytes = places.map((place) => brotliCompressSync(readFileSync(place), { params }).length);
  return `${(bytes.reduce((sum, one) => sum + one, 0) / 1e6).toFixed(2)} MB`;
};
console.log(
  `download by Brotli: ours ${compressed(asked("twin-compiler"))}, ` +
    `ONNX Runtime for WASM ${compressed(asked("onnxruntime-web"))}, for WebGPU ${compressed(forWebgpu)}`,
);

const node = await load(dir, { threads: 1 });
const page = await open();
await page.evaluate(async () => {
  const { load } = globalThis.twin;
  Object.assign(globalThis, { open: await load("build", { providers: ["wasm"], threads: 1 }) });
});
const rows = [["candidates × behaviours", "Node, ms", "WASM, ms", "ratio", "rank alone", "largest difference"]];
for (const size of sizes) {
  const request = requestOf(size);
  await page.evaluate((request) => Object.assign(globalThis, { request }), request);
  const times = { node: [] as Times[], page: [] as Times[] };
  for (let round = -2; round < rounds; round++) {
    const here = await once(node, request);
    const there = (await page.evaluate(`(${once.toString()})(globalThis.open, globalThis.request)`)) as Times;
    if (round >= 0) {
      times.node.push(here);
      times.page.push(there);
    }
  }
  const all = ({ prepare, rank }: Times) => prepare + rank;
  const ratio = (of: (times: Times) => number) => (median(times.page.map(of)) / median(times.node.map(of))).toFixed(2);
  const off = Math.max(...times.node[0].scores.map((score, i) => Math.abs(score - times.page[0].scores[i])));
  rows.push([
    `${size.candidates} × ${size.history}`,
    spread(times.node.map(all)),
    spread(times.page.map(all)),
    ratio(all),
    ratio(({ rank }) => rank),
    off.toExponential(1),
  ]);
}
console.log(`\nprepare and rank, median of ${rounds} by turns (least–most)\n${table(rows)}`);
await node.close();
await browser.close();
await site.close();
