// The selection kernel against the graphs in a page, on WASM, with one thread and with two: npm run build && npx tsx
// bench/web-plans.ts [CANDIDATESxBEHAVIOURS …]. Whole calls as the page makes them, its worker's messages with them; by turns in one page.
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { chromium as driver } from "playwright-core";
import { browserFlags } from "../test/kit/browser-flags.ts";
import { chromium } from "../test/kit/chromium.ts";
import { installed, plainPage } from "../test/kit/plain-page.ts";
import { isolated, startSite } from "../test/kit/site.ts";
import { milliseconds, quartiles, table } from "./measure.ts";
import { sizes } from "./opponents/sizes.ts";
import { requestModel } from "./request-model.ts";
import { asked, user, writeGeneration } from "./request-runtime.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "31" } },
});
const rounds = Number(values.rounds);
const all =
  positionals.length > 0 ? positionals : ["1x10000", "100x1000", "1000x1000", "100x10000", "1000x10000", "100x100000"];

/** Columns as a message between programs has them. */
const plain = (value: unknown): unknown => {
  if (ArrayBuffer.isView(value)) {
    return Array.from(value as Float64Array);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
    : value;
};

const program = chromium();
if (program === null) {
  throw new Error("no Chromium or Chrome starts here: name its program in TWIN_CHROMIUM");
}
const model = await requestModel(false);
await writeGeneration(model);
const browser = await driver.launch({ executablePath: program, args: browserFlags({ webgpu: false }) });
const site = await startSite({
  routes: { "/": plainPage, ...installed, "/build/": { folder: model.dir } },
  headers: isolated,
});
console.log(`${cpus()[0].model}, ${availableParallelism()} cores; ${program} ${browser.version()}; ${rounds} rounds`);
console.log(
  "4 heads of 16, 50,000 items, 100 kept, keys and values cached. Milliseconds, and ratios within a round: median (quartiles)\n",
);

interface Times {
  readonly rank: number[];
  readonly whole: number[];
}

const rows = [
  [
    "candidates × behaviours",
    "threads",
    "rank, graph",
    "rank, kernel",
    "kernel ÷ graph",
    "prepare and rank, kernel ÷ graph",
  ],
];
for (const name of all) {
  const [candidates, history] = name.split("x").map(Number);
  const size = sizes(candidates, history);
  for (const threads of [1, 2]) {
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript("globalThis.__name = (f) => f");
    await page.goto(site.origin);
    await page.waitForFunction(`document.title === "ready"`);
    const times = await page.evaluate(
      async ({ user, asked, threads, rounds }) => {
        const open = async (plan: "graph" | "kernel") => {
          const twin = await globalThis.twin.load("build", { providers: ["wasm"], threads, plan });
          return { twin, prepared: await twin.prepare(user), times: { rank: [], whole: [] } as Times };
        };
        const both = [await open("graph"), await open("kernel")];
        const timed = async (into: number[], round: number, work: () => Promise<unknown>) => {
          // The first brings its memory back into the caches.
          await work();
          const begun = performance.now();
          await work();
          if (round >= 0) {
            into.push(performance.now() - begun);
          }
        };
        for (let round = -2; round < rounds; round++) {
          for (const { prepared, times } of both) {
            await timed(times.rank, round, () => prepared.rank(asked));
          }
          for (const { twin, times } of both) {
            await timed(times.whole, round, async () => (await twin.prepare(user)).rank(asked));
          }
        }
        const [graph, kernel] = both.map(({ times }) => times);
        const { lanes } = both[1].twin.status().plan.kernel!;
        for (const { twin } of both) {
          await twin.close();
        }
        return { graph, kernel, lanes };
      },
      {
        user: plain(user(size)) as ReturnType<typeof user>,
        asked: plain(asked(size)) as ReturnType<typeof asked>,
        threads,
        rounds,
      },
    );
    await page.context().close();
    if (times.lanes !== threads) {
      throw new Error(`${times.lanes} lanes instead of ${threads}`);
    }
    const ratio = (of: keyof Times): string =>
      quartiles(
        times.kernel[of].map((value, i) => value / times.graph[of][i]),
        (one) => one.toFixed(2),
      );
    rows.push([
      `${candidates} × ${history}`,
      String(threads),
      quartiles(times.graph.rank, milliseconds),
      quartiles(times.kernel.rank, milliseconds),
      ratio("rank"),
      ratio("whole"),
    ]);
    console.error(rows.at(-1)!.join("  "));
  }
}
console.log(table(rows));
await browser.close();
await site.close();
model.close();
