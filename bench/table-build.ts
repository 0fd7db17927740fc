// How fast tables are built: from encoded items against the bare projector session, and from CSV and Parquet, by phase.
// The model is that of the request benchmark's sizes (inherent width 144, 4 heads of 16, 50,000 embeddings) unless one is named.
//   npx tsx bench/table-build.ts [--items 1000000] [--rounds 5] [--precisions float32,float16,uint8] [--model FILE.twin] [--folder DIR]
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../compiler/index.ts";
import { type BuildReport, buildTables } from "../runtime/build-table/build.ts";
import { StoreReader } from "../runtime/build-table/store-reader.ts";
import { parseBinding } from "../runtime/data/binding.ts";
import { literal } from "../runtime/data/database/source.ts";
import { generate } from "../runtime/example/generate.ts";
import { readManifest } from "../runtime/host/manifest-file.ts";
import { projectionPlan } from "../runtime/projection/plan.ts";
import { floats, ints, type Tensor } from "../runtime/session/session.ts";
import { openFile } from "../runtime/session/session-node.ts";
import { Generation } from "../runtime/store/generation.ts";
import { ask } from "../test/kit/database.ts";
import { byTurns, type Timing, table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    items: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "5" },
    model: { type: "string" },
    folder: { type: "string" },
    precisions: { type: "string", default: "float32,float16,uint8" },
  },
});
const [items, rounds] = [Number(values.items), Number(values.rounds)];
const batch = 8192;
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "twin-bench-"));

const sized = `model sized
item {
  video_id:  hashed(buckets: 50k, dim: 64, key: true)
  author_id: hashed(buckets: 10k, dim: 32)
  category:  id(vocab: 100, dim: 16)
  duration:  bucketed(at: [7s, 15s, 30s, 1min, 3min], dim: 8)
  topics:    tags(vocab: 500, max: 8, dim: 16)
  cover:     pretrained(size: 32, dim: 8)
}
history watched {
  of:  item
  max: 10k
}
metric relevance {
  query: item
  keys:  watched.item
  heads: 4
  dim:   16
}
search nearest {
  from: watched
  by:   relevance
  keep: 100
}
attend interest {
  over: nearest
  by:   relevance
}
tower ranking {
  input:  [interest, item]
  hidden: [80]
  predict {
    click: binary
  }
}
table video_keys {
  of:        relevance.keys
  precision: float32
}
`;

/** The model without coverage, so that every item is projected, at one precision. */
function buildModel(dir: string, precision: string): void {
  const read = (path: string): string => {
    const text = readFileSync(path, "utf8");
    return text.replace(/precision: \w+/, `precision: ${precision}`).replace(/coverage: +\d+%/, "coverage: 100%");
  };
  const built =
    values.model === undefined
      ? compile("sized.twin", { version: "bench", resolve: () => sized.replace("float32", precision) })
      : compile(values.model, { version: "bench", resolve: read });
  if (built.manifest === null) {
    throw new Error(built.diagnostics.map(({ title }) => title).join("\n"));
  }
  for (const { path, content } of built.files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(
      join(dir, path),
      typeof content === "function" ? Buffer.concat([...content()].map((part) => part.slice())) : content,
    );
  }
}

/** The opponent: one session of two threads, its inputs in memory, its outputs dropped. */
async function bareProjector(dir: string): Promise<{ run(): Promise<void>; close(): Promise<void> }> {
  const manifest = readManifest(dir);
  const rows = Object.fromEntries(Object.keys(manifest.tables).map((name) => [name, items + 1]));
  const plan = projectionPlan(dir, manifest, rows, false)!;
  const generation = await Generation.open(dir, { memoryLimit: 0 });
  const { folder: place, description, store } = generation;
  generation.close();
  const reader = await StoreReader.open({ path: join(place, description.store), features: store.features });
  const feeds: Record<string, Tensor>[] = [];
  for (let first = 1; first <= items; first += batch) {
    const count = Math.min(batch, items + 1 - first);
    const columns = reader.read(first, count);
    const tensors = plan.inputs.map(({ name, shape }): [string, Tensor] => {
      const data = columns.get(name)!;
      return [name, data instanceof Float32Array ? floats(data, count, ...shape) : ints(data, count, ...shape)];
    });
    feeds.push(Object.fromEntries(tensors));
  }
  reader.close();
  const session = await openFile(join(dir, plan.graph), { providers: ["cpu"], threads: 2, warn: () => undefined });
  return {
    async run() {
      for (const feed of feeds) {
        await session.run(feed);
      }
    },
    close: () => session.close(),
  };
}

/** The product as users run it: the bundled command line; its own clock, from opening the artefacts to the commit. */
function fromStore(dir: string): BuildReport {
  const cli = join(import.meta.dirname, "../cli/twin.mjs");
  const words = [cli, "table", "build", dir, "--from-store", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(stderr);
  }
  return JSON.parse(stdout) as BuildReport;
}

const perSecond = (milliseconds: number): string =>
  `${Math.round(items / milliseconds).toLocaleString("en-GB")}k rows/s`;

function phases({ seconds }: BuildReport): string {
  const { total, flow: _, ...parts } = seconds;
  const sum = Object.values(parts).reduce((a, b) => a + b, 0);
  const shares = Object.entries(parts).map(([name, value]) => `${name} ${Math.round((100 * value) / sum)} %`);
  return `${shares.join(", ")} of the work; ${total.toFixed(2)} s in all`;
}

try {
  console.log(
    `table build, ${items.toLocaleString("en-GB")} items of ${values.model ?? "inherent width 144, 4 heads of 16"}, two threads, batches of ${batch}`,
  );
  await generate({ dir: folder, users: 1, behaviours: 1, items, categories: 64 });
  const csv = join(folder, "items.csv");
  await ask(
    `COPY (SELECT * REPLACE (array_to_string(topics, '|') AS topics) FROM ${literal(join(folder, "items.parquet"))}) TO ${literal(csv)}`,
  );
  const place = join(folder, "data.yaml");
  const parquet = parseBinding("items: {file: items.parquet, key: video_id}", place);
  // Topics are texts in CSV: their places are looked up, not hashed, so that both files give the same tables.
  const topics = 'item.topics: "list_transform(string_split(topics, chr(124)), x -> CAST(x AS INTEGER))"';
  const fromCsv = parseBinding(`items: {file: items.csv, key: video_id}\ncolumns: {${topics}}`, place);
  for (const precision of values.precisions.split(",")) {
    const dir = join(folder, precision);
    buildModel(dir, precision);
    let report = await buildTables({ dir, binding: parquet });
    console.log(`\n${precision}, from Parquet: ${perSecond(1000 * report.seconds.total)} (${phases(report)})`);
    if (precision === "float32") {
      report = await buildTables({ dir, binding: fromCsv });
      console.log(`${precision}, from CSV: ${perSecond(1000 * report.seconds.total)} (${phases(report)})`);
    }
    const bare = await bareProjector(dir);
    const flows: number[] = [];
    const totals: number[] = [];
    const [base]: Timing[] = await byTurns(
      [
        { name: "bare projector session, 2 threads", run: () => bare.run() },
        {
          name: "table build from the encoded store",
          async run() {
            report = fromStore(dir);
            flows.push(1000 * report.seconds.flow);
            totals.push(1000 * report.seconds.total);
          },
        },
      ],
      rounds,
      1,
    );
    await bare.close();
    totals.sort((a, b) => a - b);
    const whole = {
      name: "table build from the encoded store",
      median: totals[totals.length >> 1],
      least: totals[0],
      most: totals[totals.length - 1],
    };
    console.log(
      table([
        [precision, "median", "least", "most", "rate"],
        ...[base, whole].map(({ name, median, least, most }) => [
          name,
          ...[median, least, most].map((ms) => `${ms.toFixed(0)} ms`),
          `${perSecond(median)} (${((100 * base.median) / median).toFixed(0)} %)`,
        ]),
      ]),
    );
    console.log(`from the store: ${phases(report)}`);
    flows.sort((a, b) => a - b);
    const flow = flows[flows.length >> 1];
    console.log(
      `without opening, starting threads, syncing and committing: ${perSecond(flow)} (${((100 * base.median) / flow).toFixed(0)} %)`,
    );
  }
} finally {
  if (values.folder === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
}
