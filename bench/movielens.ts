// The whole path on real input: models/movielens.twin, its table over all movies, real users' real histories ranked.
// npm run bench:movielens -- [users]      Reads ../shared/data/movielens; the data set is not part of this project.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildTo } from "../cli/verbs/build.ts";
import { tableText } from "../cli/verbs/table.ts";
import { buildTables } from "../runtime/build-table/index.ts";
import { readBinding, readHistories, type SampleRequest } from "../runtime/data/index.ts";
import { asRequest, evaluateHitRate, hitRateText, load, type RankedRequest } from "../runtime/index.ts";
import { milliseconds, table } from "./measure.ts";

const root = join(import.meta.dirname, "..");
const data = join(root, "bench/movielens/data.yaml");
const source = join(root, "../shared/data/movielens/ratings.csv.gz");
const wanted = Number(process.argv[2] ?? 200);
const candidates = 100;

if (!existsSync(source)) {
  console.log("skipped: ../shared/data/movielens is not here, and the data set is not part of this project");
  process.exit(0);
}

const dir = join(root, "build/movielens");
const { manifest } = await buildTo(join(root, "models/movielens.twin"), { output: dir, data });
console.log(`built ${dir}: ${manifest.costs.parameters.toLocaleString("en-GB")} parameters, start values`);
const binding = readBinding(data);
console.log(tableText(await buildTables({ dir, binding })));

const twin = await load(dir, { threads: 2 });
const requests: { readonly request: RankedRequest; readonly length: number }[] = [];
const movies = new Set<bigint>();
for await (const { requests: samples } of readHistories(binding, twin.manifest, { users: wanted })) {
  let newest: SampleRequest | null = null;
  for (const sample of samples) {
    newest ??= sample;
    for (const key of sample.candidates.item as BigInt64Array) {
      movies.add(key);
    }
  }
  if (newest === null) {
    continue;
  }
  const length = (newest.history.rated.item as ArrayLike<unknown>).length;
  const { prepare } = asRequest(newest);
  requests.push({ request: { prepare, rank: { candidates: { item: [] } } }, length });
}
const pool = [...movies].sort((a, b) => (a < b ? -1 : 1));
for (const [i, { request }] of requests.entries()) {
  const item = Array.from({ length: candidates }, (_, j) => pool[(i * 7919 + j * 104_729) % pool.length]);
  Object.assign(request.rank.candidates, { item });
}

const times = { prepare: [] as number[], rank: [] as number[] };
let looked = 0;
let missed = 0;
for (const round of [0, 1]) {
  for (const { request } of requests) {
    const start = performance.now();
    const prepared = await twin.prepare(request.prepare);
    const between = performance.now();
    const ranking = await prepared.rank(request.rank);
    const end = performance.now();
    if (round === 0) {
      continue; // warm-up
    }
    times.prepare.push(between - start);
    times.rank.push(end - between);
    missed += ranking.misses;
    looked += ranking.tables.reduce((sum, { found, missed }) => sum + found + missed, 0);
  }
}
const lengths = requests.map(({ length }) => length).sort((a, b) => a - b);
const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
console.log(
  `\n${requests.length} users, each at the time of the newest rating; ${candidates} movies ranked for each; two threads, warm, no opponent`,
);
console.log(
  `history: median ${at(lengths, 0.5)}, 95th percentile ${at(lengths, 0.95)}, longest ${lengths.at(-1)} ratings`,
);
console.log(`misses: ${missed} of ${looked} behaviours are not in the table`);
const row = (name: string, values: number[]) => {
  const sorted = values.sort((a, b) => a - b);
  return [name, milliseconds(at(sorted, 0.5)), milliseconds(at(sorted, 0.95)), milliseconds(sorted[sorted.length - 1])];
};
console.log(
  table([["milliseconds", "median", "95 %", "most"], row("prepare", times.prepare), row("rank", times.rank)]),
);

const some = requests.filter(({ length }) => length > 50).slice(0, 40);
const hits = await evaluateHitRate(
  twin,
  some.map(({ request: { prepare, rank } }) => ({ prepare, rank })),
);
console.log(`\nsearch against the oracle, ${some.length} users with more than 50 ratings (start values; keep 50):`);
console.log(hitRateText(hits).join("\n"));
await twin.close();
