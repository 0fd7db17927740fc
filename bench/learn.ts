// Learning scales, edges and vocabularies of many features from one log: in few scans of it, beside a scan for each feature (of
// some of them, times all). What both learn must be the same. The files are opened once before, uncounted.
//   npx tsx bench/learn.ts [--features 300] [--rows 1000000] [--alone 6] [--formats parquet,csv] [--split time|share] [--check]
// --check times `twin data check` and `twin init` on the same files, too.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { dataModel } from "../cli/data-model.ts";
import { compile } from "../compiler/index.ts";
import type { FeatureSpec } from "../contract/manifest.ts";
import { type Binding, parseBinding } from "../runtime/data/binding.ts";
import { literal } from "../runtime/data/database/source.ts";
import { checkData, draft, learnNumbers, learnVocabularies } from "../runtime/data/index.ts";
import { shopModel } from "../test/kit/data-files.ts";
import { Database } from "../test/kit/database.ts";
import { table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "300" },
    rows: { type: "string", default: "1000000" },
    alone: { type: "string", default: "6" },
    formats: { type: "string", default: "parquet,csv" },
    split: { type: "string", default: "time" },
    check: { type: "boolean", default: false },
  },
});
const [count, rows, some] = [Number(values.features), Number(values.rows), Number(values.alone)];
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));

/** By turns: a feature's line in the model, and its column. */
const kinds = [
  ["number(scale: standard)", (h: string) => `(${h} % 10000) / 100.0`],
  ["bucketed(at: quantiles(20), dim: 2)", (h: string) => `(${h} % 1000)::INTEGER`],
  ["vocabulary(max: 1000, min_count: 2, dim: 2)", (h: string) => `'w' || ${h} % 500`],
] as const;
const features = Array.from({ length: count }, (_, i) => {
  const [line, value] = kinds[i % kinds.length];
  return { line: `  f${i}: ${line}`, column: `${value(`hash(n, ${i})`)} AS f${i}` };
});

const source = shopModel("hashed(buckets: 5000, dim: 4, key: true)")
  .replace("candidate {", `context {\n${features.map(({ line }) => line).join("\n")}\n}\n\ncandidate {`)
  .replace("[interest, item, candidate]", "[interest, item, candidate, context]");
const { model: checked } = compile("shop.twin", { version: "1.0.0", resolve: () => source });
if (checked === null) {
  throw new Error("the model of this benchmark has errors");
}
const model = dataModel(checked);
const key = model.features.filter((feature) => feature.key);
const own = model.features.filter(({ group }) => group === "context");

/** What is learned, feature by feature. */
async function learned(binding: Binding, of: readonly FeatureSpec[], most?: number): Promise<[string, unknown][]> {
  const all = [...key, ...of];
  const vocabularies = await learnVocabularies(binding, all, undefined, { most });
  const numbers = await learnNumbers(binding, all, undefined, most);
  return [...vocabularies, ...numbers];
}

interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of the processors, which other programs on the machine hardly change. */
  readonly cpu: number;
}

async function costOf(job: () => Promise<unknown>): Promise<Cost> {
  const start = performance.now();
  const before = process.cpuUsage();
  await job();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

const columns = `n % 50000 AS u, hash(n) % 5000 AS sku, 1600000000 + n AS ts, hash(n, 1) % 3 = 0 AS bought, 0.5 AS recall`;
const split =
  values.split === "share"
    ? "{by: share, train: 90%, test: rest}"
    : `{by: time, train: ..${1_600_000_000 + Math.floor(rows * 0.9)}, test: rest}`;
const rounded = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
const shown = ({ wall, cpu }: Cost): string => `${rounded(cpu)} (${rounded(wall)})`;
try {
  console.log(`${count} features, ${rows.toLocaleString("en-GB")} rows`);
  for (const format of values.formats.split(",")) {
    const file = join(folder, `log.${format}`);
    const database = await Database.open();
    await database.all(
      `COPY (SELECT ${[columns, ...features.map(({ column }) => column)].join(", ")} FROM range(${rows}) r(n)) TO ${literal(file)} (FORMAT ${format}${format === "csv" ? ", HEADER" : ""})`,
    );
    database.close();
    const binding = parseBinding(
      `events: {file: ${file}, user: u, item: sku, time: ts}\ncolumns: {predict.buy: bought}\nsplit: ${split}\n`,
      join(folder, "data.yaml"),
    );
    await learned(binding, own.slice(0, 1));
    let due: [string, unknown][] = [];
    const few = await costOf(async () => {
      due = await learned(binding, own);
    });
    // By turns of the kinds, so that these are like all.
    const first = own.slice(0, some);
    let found: [string, unknown][] = [];
    const alone = await costOf(async () => {
      found = await learned(binding, first, 1);
    });
    const names = new Set(found.map(([name]) => name));
    if (
      !isDeepStrictEqual(
        due.filter(([name]) => names.has(name)),
        found,
      )
    ) {
      throw new Error(`${format}: features learned together are not what they are alone`);
    }
    const share = count / first.length;
    const all = { wall: alone.wall * share, cpu: alone.cpu * share };
    const size = (statSync(file).size / 1e6).toFixed(0);
    const line = [
      format,
      size,
      shown(few),
      `${shown(all)}, ${first.length} in ${shown(alone)}`,
      rounded(all.cpu / few.cpu),
    ];
    console.log(table([["", "MB", "few scans, CPU s (s)", "each alone, CPU s (s)", "times"], line]));
    if (values.check) {
      console.log(
        `${format}, CPU s (s): init ${shown(await costOf(() => draft({ events: file, user: "u", item: "sku", time: "ts", folder })))}`,
      );
      console.log(`${format}, CPU s (s): data check ${shown(await costOf(() => checkData(binding, model)))}`);
    }
  }
  console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
