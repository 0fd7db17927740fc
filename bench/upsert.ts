// Items put in while a process serves: how long until it sees them, and what a request takes with a hundred deltas in front
// of the tables beside one with none.
//   npx tsx bench/upsert.ts [--items 2000000] [--put 1000] [--deltas 100] [--rounds 40] [--history 1000]
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { random } from "../contract/random.ts";
import { buildTables } from "../runtime/build-table/build.ts";
import { upsertItems } from "../runtime/build-table/upsert.ts";
import { parseBinding } from "../runtime/data/binding.ts";
import { load, type PrepareRequest, type RankRequest, type Twin } from "../runtime/index.ts";
import { videoModel } from "../test/kit/data-files.ts";
import { ask } from "../test/kit/database.ts";
import { bytesOf, compiled } from "../test/kit/small-model.ts";
import { byTurns, median, milliseconds, table, timed } from "./measure.ts";

const { values: given } = parseArgs({
  options: {
    items: { type: "string", default: "2000000" },
    put: { type: "string", default: "1000" },
    deltas: { type: "string", default: "100" },
    rounds: { type: "string", default: "40" },
    history: { type: "string", default: "1000" },
  },
});
const { items, put, deltas, rounds, history } = {
  items: Number(given.items),
  put: Number(given.put),
  deltas: Number(given.deltas),
  rounds: Number(given.rounds),
  history: Number(given.history),
};
const folder = mkdtempSync(join(tmpdir(), "twin-upsert-"));
const dir = join(folder, "build");
const { below } = random(1);

const columns = (key: string, seed: number): string =>
  `${key} AS video, (hash(${key}) % 10)::INT AS category, (hash(${key} + ${seed}) % 90)::INT AS duration, ` +
  `['t' || (hash(${key}) % 40)::VARCHAR] AS topics, [(hash(${key}) % 100)::FLOAT / 100, ${seed}::FLOAT, 1::FLOAT] AS cover`;

function build(): void {
  const source = videoModel({ key: "hashed(buckets: 20000, dim: 16, key: true)", precision: "float16", max: history });
  for (const file of compiled(source, { vocabularies: new Map() }).files) {
    mkdirSync(dirname(join(dir, file.path)), { recursive: true });
    writeFileSync(join(dir, file.path), bytesOf(file));
  }
}

/** Half of them new, half changed. */
async function some(n: number): Promise<string> {
  const file = join(folder, `new-${n}.parquet`);
  const key = `(CASE WHEN range % 2 = 0 THEN ${items} + ${n * put} + range ELSE hash(range + ${n * put}) % ${items} END)::BIGINT`;
  await ask(
    `COPY (SELECT DISTINCT ON (video) * FROM (SELECT ${columns(key, n)} FROM range(${put}))) TO '${file}' (FORMAT parquet)`,
  );
  return file;
}

function request(): { user: PrepareRequest; rank: RankRequest } {
  const draw = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  return {
    user: {
      user: { age: 30 },
      time: 2e9,
      history: {
        watched: {
          item: draw(history, () => below(items)),
          time: draw(history, () => 1.9e9 + below(1e7)),
          progress: draw(history, () => below(100) / 100),
        },
      },
    },
    rank: { context: { hour: 5 }, candidates: { item: draw(100, () => below(items)), recall: draw(100, () => 0.5) } },
  };
}

async function ranked(twin: Twin): Promise<void> {
  const { user, rank } = request();
  await (await twin.prepare(user)).rank(rank);
}

try {
  build();
  const file = join(folder, "items.parquet");
  await ask(`COPY (SELECT ${columns("range", 0)} FROM range(${items})) TO '${file}' (FORMAT parquet)`);
  const binding = parseBinding(`items: {file: ${JSON.stringify(file)}, key: video}`, join(folder, "data.yaml"));
  const report = await buildTables({ dir, binding, measureLoss: false });
  console.log(`${items} items built in ${report.seconds.total.toFixed(1)} s; load ${loadavg()[0].toFixed(1)}`);
  const plain = join(folder, "plain");
  cpSync(dir, plain, { recursive: true });
  const [alone, twin] = [await load(plain, { threads: 1 }), await load(dir, { threads: 1 })];
  const seen: number[] = [];
  const calls: number[] = [];
  for (let n = 1; n <= deltas; n++) {
    const fresh = await some(n);
    const begun = performance.now();
    const { seconds } = await upsertItems({ dir, items: fresh, remove: null, binding: null });
    while (twin.status().deltas!.newest < n) {
      await wait(5);
    }
    seen.push(performance.now() - begun);
    calls.push(1000 * seconds);
  }
  const begun = performance.now();
  await (await load(dir, { threads: 1 })).close();
  const opened = performance.now() - begun;
  const timings = await byTurns(
    [
      { name: "a request without deltas", run: () => ranked(alone) },
      { name: `a request with ${deltas}`, run: () => ranked(twin) },
    ],
    rounds,
  );
  console.log(
    table([
      ["", "ms"],
      [`${put} items put in, until seen: median of ${deltas}`, milliseconds(median(seen))],
      ["  least and most", `${milliseconds(Math.min(...seen))}–${milliseconds(Math.max(...seen))}`],
      ["  the call alone, median", milliseconds(median(calls))],
      ["loaded with all of them", milliseconds(opened)],
      ...timings.map((one) => [one.name, timed(one)]),
    ]),
  );
  console.log(
    `with / without: ${(timings[1].median / timings[0].median).toFixed(3)}; ${JSON.stringify(twin.status().deltas)}; load ${loadavg()[0].toFixed(1)}`,
  );
  await Promise.all([alone.close(), twin.close()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
