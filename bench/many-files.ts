// `data prepare` of one Parquet file, and of the same rows in many small ones: by turns, in one process, each cache anew and
// nothing known of the files. The small ones are alike, or every other one holds a column in a narrower type.
//   npx tsx bench/many-files.ts [--files 2000] [--rows 200000] [--rounds 3]
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
import { table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "2000" },
    rows: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
  },
});
const [files, rows, rounds] = [Number(values.files), Number(values.rows), Number(values.rounds)];
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));

async function write(): Promise<void> {
  const database = await Database.open();
  const put = (select: string, name: string): Promise<unknown> =>
    database.all(`COPY (${select}) TO ${literal(join(folder, name))} (FORMAT parquet)`);
  try {
    await database.all(
      `CREATE TABLE log AS SELECT (hash(range) % 20000)::BIGINT AS u, (hash(range + 7) % 5000)::BIGINT AS sku, 1600000000 + range AS ts, hash(range + 3) % 3 = 0 AS bought, (hash(range + 9) % 1000 / 1000)::DOUBLE AS recall FROM range(${rows})`,
    );
    for (const name of ["one", "alike", "mixed"]) {
      mkdirSync(join(folder, name));
    }
    await put("FROM log", "one/log.parquet");
    const each = Math.ceil(rows / files);
    for (let i = 0; i < files; i++) {
      const some = `FROM log LIMIT ${each} OFFSET ${i * each}`;
      const name = `${String(i).padStart(6, "0")}.parquet`;
      await put(some, `alike/${name}`);
      await put(
        `SELECT * REPLACE (${i % 2 === 0 ? "sku" : "sku::INTEGER AS"} ${i % 2 === 0 ? "AS sku" : "sku"}) ${some}`,
        `mixed/${name}`,
      );
    }
  } finally {
    database.close();
  }
}

/** Seconds. */
async function prepared(name: string): Promise<number> {
  const now = new Date();
  for (const file of readdirSync(join(folder, name))) {
    utimesSync(join(folder, name, file), now, now);
  }
  const binding = parseBinding(
    `events: {file: "${name}/*.parquet", user: u, item: sku, time: ts}\ncolumns: {predict.buy: bought, candidate.recall: recall}\n`,
    join(folder, "data.yaml"),
  );
  const start = performance.now();
  await prepareDataset(binding, model, join(folder, "cache"), { vocabularies: new Map() });
  const time = (performance.now() - start) / 1000;
  rmSync(join(folder, "cache"), { recursive: true });
  return time;
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
  await write();
  const names = ["one", "alike", "mixed"];
  const times = names.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, name] of names.entries()) {
      const time = await prepared(name);
      if (round >= 0) {
        times[i].push(time);
      }
    }
  }
  const median = (some: readonly number[]): number => [...some].sort((a, b) => a - b)[some.length >> 1];
  const shown = ["one file", `${files} files`, `${files} files of two schemas`];
  const lines = shown.map((name, i) => [
    name,
    median(times[i]).toFixed(2),
    `${Math.min(...times[i]).toFixed(2)}–${Math.max(...times[i]).toFixed(2)}`,
    (median(times[i]) / median(times[0])).toFixed(2),
  ]);
  process.stdout.write(`${table([[`${rows} rows`, "s", "spread", "× one file"], ...lines])}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
