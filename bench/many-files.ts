// `data prepare` of one file, and of the same rows in many small ones, of Parquet and of CSV: by turns, in one process, each
// cache anew and nothing known of the files. The small ones are alike, or every other one holds a column in a narrower type (CSV:
// has a longer heading and marks its texts). CPU is that of all threads of the process.
//   npx tsx bench/many-files.ts [--files 2000] [--rows 200000] [--rounds 3] [--format parquet,csv]
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { dataModel } from "../cli/data-model.ts";
import { compile } from "../compiler/index.ts";
import { parseBinding } from "../runtime/data/binding.ts";
import { literal } from "../runtime/data/database/source.ts";
import { prepareDataset } from "../runtime/data/prepare/index.ts";
import { shopModel } from "../test/kit/data-files.ts";
import { Database } from "../test/kit/database.ts";
import { median, table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "2000" },
    rows: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
    format: { type: "string", default: "parquet,csv" },
  },
});
const [files, rows, rounds] = [Number(values.files), Number(values.rows), Number(values.rounds)];
const names = ["one", "alike", "mixed"];
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));

async function write(format: string): Promise<void> {
  const database = await Database.open();
  const put = (select: string, name: string, marked = false): Promise<unknown> =>
    database.all(
      `COPY (${select}) TO ${literal(join(folder, format, `${name}.${format}`))} (FORMAT ${format}${marked && format === "csv" ? ", FORCE_QUOTE *" : ""})`,
    );
  try {
    await database.all(
      `CREATE TABLE log AS SELECT (hash(range) % 20000)::BIGINT AS u, (hash(range + 7) % 5000)::BIGINT AS sku, 1600000000 + range AS ts, hash(range + 3) % 3 = 0 AS bought, (hash(range + 9) % 1000 / 1000)::DOUBLE AS recall FROM range(${rows})`,
    );
    for (const name of names) {
      mkdirSync(join(folder, format, name), { recursive: true });
    }
    await put("FROM log", "one/log");
    const each = Math.ceil(rows / files);
    for (let i = 0; i < files; i++) {
      const some = `FROM log LIMIT ${each} OFFSET ${i * each}`;
      const name = String(i).padStart(6, "0");
      const other = i % 2 === 1;
      await put(some, `alike/${name}`);
      await put(other ? `SELECT * REPLACE (sku::INTEGER AS sku) ${some}` : some, `mixed/${name}`, other);
    }
  } finally {
    database.close();
  }
}

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
}

async function prepared(format: string, name: string): Promise<Cost> {
  const now = new Date();
  for (const file of readdirSync(join(folder, format, name))) {
    utimesSync(join(folder, format, name, file), now, now);
  }
  const binding = parseBinding(
    `events: {file: "${format}/${name}/*.${format}", user: u, item: sku, time: ts}\ncolumns: {predict.buy: bought, candidate.recall: recall}\n`,
    join(folder, "data.yaml"),
  );
  const start = performance.now();
  const before = process.cpuUsage();
  await prepareDataset(binding, model, join(folder, "cache"), { vocabularies: new Map() });
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1000;
  rmSync(join(folder, "cache"), { recursive: true });
  return { seconds, cpu: (user + system) / 1e6 };
}

const { model: checked } = compile("shop.twin", {
  version: "1.0.0",
  resolve: () => shopModel("hashed(buckets: 5000, dim: 4, key: true)"),
});
if (checked === null) {
  throw new Error("the model of this benchmark has errors");
}
const model = dataModel(checked);
try {
  for (const format of values.format.split(",")) {
    await write(format);
    const costs = names.map((): Cost[] => []);
    for (let round = -1; round < rounds; round++) {
      for (const [i, name] of names.entries()) {
        const cost = await prepared(format, name);
        if (round >= 0) {
          costs[i].push(cost);
        }
      }
    }
    const shown = ["one file", `${files} files`, `${files} files of two kinds`];
    const of = (i: number, what: keyof Cost): number[] => costs[i].map((cost) => cost[what]);
    const lines = shown.map((name, i) => [
      name,
      median(of(i, "seconds")).toFixed(2),
      `${Math.min(...of(i, "seconds")).toFixed(2)}–${Math.max(...of(i, "seconds")).toFixed(2)}`,
      (median(of(i, "seconds")) / median(of(0, "seconds"))).toFixed(2),
      median(of(i, "cpu")).toFixed(2),
      (median(of(i, "cpu")) / median(of(0, "cpu"))).toFixed(2),
    ]);
    const heads = [`${rows} rows, ${format}`, "s", "spread", "× one file", "CPU s", "× one file"];
    process.stdout.write(`${table([heads, ...lines])}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
