// What `twin capacity` says beside what is there: bytes of files and of a Redis, rows that a table build projects, and a request.
//   npx tsx bench/capacity.ts [--items 1000000] [--redis redis://127.0.0.1:6379] [--behaviours 1000]
// The shipped model on made-up data, without coverage, so that every item has a row. The Redis must hold nothing of others'.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { sampleRequests } from "../cli/compare/served.ts";
import { buildTo } from "../cli/verbs/build.ts";
import { buildTables, publishTables } from "../runtime/build-table/index.ts";
import { capacity, lengthsOf, timeGraphs } from "../runtime/capacity/index.ts";
import { readBinding } from "../runtime/data/index.ts";
import { generate } from "../runtime/example/generate.ts";
import { readManifest } from "../runtime/host/manifest-file.ts";
import { LocalTwin } from "../runtime/serve/index.ts";
import { Generation, generationFolder } from "../runtime/store/index.ts";
import { byTurns, milliseconds, table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    items: { type: "string", default: "1000000" },
    behaviours: { type: "string", default: "1000" },
    redis: { type: "string" },
  },
});
const [items, behaviours, candidates] = [Number(values.items), Number(values.behaviours), 100];
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));
try {
  await generate({ dir: folder, users: 40, behaviours, items });
  const dir = join(folder, "build");
  for (const name of ["twin.twin", "features.twin"]) {
    const text = readFileSync(join(import.meta.dirname, "../models", name), "utf8");
    writeFileSync(join(folder, name), text.replace(/coverage: +\d+%/, "coverage: 100%"));
  }
  await buildTo(join(folder, "twin.twin"), { output: dir });
  const binding = readBinding(join(folder, "data.yaml"));
  const manifest = readManifest(dir);
  const timed = await timeGraphs(
    dir,
    manifest,
    { candidates, lengthOf: lengthsOf(manifest, behaviours) },
    AbortSignal.timeout(600_000),
  );
  const said = capacity(manifest, {
    items,
    candidatesPerSecond: candidates,
    candidates,
    history: behaviours,
    refresh: null,
    session: 1,
    skew: 1,
    users: null,
    server: {
      memory: 64e9,
      fill: 1,
      keysPerSecond: 1e6,
      bitsPerSecond: 1e10,
      copies: 1,
      keyLength: String(items).length,
    },
    timed,
  });
  const report = await buildTables({ dir, binding });
  const place = generationFolder(dir, Generation.current(dir)!);
  const bytes = readdirSync(place).reduce((sum, name) => sum + statSync(join(place, name)).size, 0);
  const files = said.whole.file;
  const lines = [
    ["", "said", "found", "found ÷ said"],
    ["bytes in files", files.toLocaleString("en-GB"), bytes.toLocaleString("en-GB"), (bytes / files).toFixed(3)],
  ];
  if (values.redis !== undefined) {
    const found = await inRedis(dir, values.redis);
    const { redis } = said.whole;
    lines.push([
      "bytes in a Redis",
      redis.toLocaleString("en-GB"),
      found.toLocaleString("en-GB"),
      (found / redis).toFixed(3),
    ]);
  }
  const rate = items / report.seconds.total;
  const able = timed.itemsPerSecond!;
  lines.push([
    "rows a second (one core projects; the whole build, all of them)",
    able.toFixed(0),
    rate.toFixed(0),
    (rate / able).toFixed(2),
  ]);
  const twin = await LocalTwin.open(dir, { threads: 1, plan: "graph" });
  const [{ prepare, rank }] = await sampleRequests(twin, binding, null, candidates);
  const [asked] = await byTurns([{ name: "request", run: async () => (await twin.prepare(prepare)).rank(rank) }], 31);
  await twin.close();
  lines.push([
    `a request of ${candidates} × ${behaviours} (graphs; prepare and rank, one thread)`,
    `${timed.requestMilliseconds.toFixed(2)} ms`,
    `${milliseconds(asked.median)} ms`,
    (asked.median / timed.requestMilliseconds).toFixed(2),
  ]);
  console.log(`models/twin.twin, ${items.toLocaleString("en-GB")} items; ${timed.processor}`);
  console.log(table(lines));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Publishes; bytes that the server uses more. */
async function inRedis(dir: string, to: string): Promise<number> {
  const client = new Redis(to);
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))![1]);
  try {
    const before = await used();
    await publishTables({ dir, to });
    return (await used()) - before;
  } finally {
    await client.quit();
  }
}
