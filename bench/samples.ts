// `twin data prepare` of one log in its forms, as events and as samples that bring their histories, by turns: behaviours a
// second. Lists hold the newest 100 behaviours before each sample, with their times and a cross feature.
//   npx tsx bench/samples.ts [--users 2000] [--events 60] [--rounds 3]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../compiler/index.ts";
import { parseBinding } from "../runtime/data/binding.ts";
import { literal } from "../runtime/data/database/source.ts";
import { prepareDataset } from "../runtime/data/index.ts";
import { videoModel } from "../test/kit/data-files.ts";
import { Database } from "../test/kit/database.ts";
import { byTurns, milliseconds, table } from "./measure.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "2000" },
    events: { type: "string", default: "60" },
    rounds: { type: "string", default: "3" },
  },
});
const [users, each, rounds] = [Number(values.users), Number(values.events), Number(values.rounds)];
const videos = 5000;
const longest = 100;
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));

const source = videoModel({ max: longest });
const { manifest } = compile("small.twin", { resolve: () => source, version: "bench" });
if (manifest === null) {
  throw new Error("the model of this benchmark does not compile");
}

const window = `OVER (PARTITION BY "user" ORDER BY time ROWS BETWEEN ${longest} PRECEDING AND 1 PRECEDING)`;
const listOf = (column: string): string => `coalesce(list(${column}) ${window}, [])`;
const textOf = (column: string): string => `coalesce(array_to_string(list(${column}) ${window}, '|'), '')`;
const log = `SELECT u AS "user", hash(u, e) % ${videos} + 1 AS video, 1600000000 + e * 3600 + u % 60 AS time, (hash(u, e, 1) % 100) / 100.0 AS progress, hash(u, e, 2) % 3 = 0 AS click, hash(e) % 24 AS hour, 0.5 AS recall, 20 AS age FROM range(${users}) a(u), range(${each}) b(e)`;
const samples = (of: (column: string) => string): string =>
  `SELECT * EXCLUDE (progress), ${of("video")} AS seq, ${of("time")} AS times, ${of("progress")} AS progresses FROM (${log})`;
const items = `SELECT i AS video, i % 9 AS category, i % 100 AS duration, ['a' || i % 7] AS topics, [1.0, 2.0, 3.0]::FLOAT[] AS cover FROM range(1, ${videos + 1}) a(i)`;

const database = await Database.open();
const files = [
  ["events.parquet", log],
  ["lists.parquet", samples(listOf)],
  ["texts.parquet", samples(textOf)],
  ["items.parquet", items],
] as const;
for (const [name, select] of files) {
  await database.all(`COPY (${select}) TO ${literal(join(folder, name))} (FORMAT parquet)`);
}
const [{ n }] = await database.all(`SELECT sum(len(seq))::DOUBLE AS n FROM ${literal(join(folder, "lists.parquet"))}`);
database.close();

const tail = `items: {file: items.parquet, key: video}\ncolumns: {predict.click: click}\n`;
const listed = (file: string): string => `samples:
  file: ${file}
  user: user
  item: video
  time: time
  histories:
    watched: {item: seq, by: "|", time: times, columns: {watched.progress: progresses}}
`;
const forms = [
  ["events", "events: {file: events.parquet, user: user, item: video, time: time}\n", users * each],
  ["samples, lists", listed("lists.parquet"), Number(n)],
  ["samples, texts", listed("texts.parquet"), Number(n)],
] as const;

const timings = await byTurns(
  forms.map(([name, text]) => ({
    name,
    async run() {
      const cache = mkdtempSync(join(folder, "cache-"));
      await prepareDataset(parseBinding(text + tail, join(folder, "data.yaml")), manifest, cache, {
        vocabularies: new Map(),
      });
      rmSync(cache, { recursive: true });
    },
  })),
  rounds,
  1,
);
const count = (value: number): string => Math.round(value).toLocaleString("en-GB");
console.log(`${count(users * each)} samples of ${count(users)} users`);
console.log(
  table([
    ["form", "ms", "least", "most", "behaviours", "behaviours/s", "samples/s"],
    ...timings.map(({ name, median, least, most }, i) => [
      name,
      milliseconds(median),
      milliseconds(least),
      milliseconds(most),
      count(forms[i][2]),
      count((1000 * forms[i][2]) / median),
      count((1000 * users * each) / median),
    ]),
  ]),
);
rmSync(folder, { recursive: true, force: true });
