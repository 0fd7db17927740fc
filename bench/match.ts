// SIM hard's search by an index of the history beside the graph's: the benchmark's model with `by: match(item.category)`, by turns.
//   npx tsx bench/match.ts [--rounds 15] [--threads N]
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { LocalTwin } from "../runtime/serve/index.ts";
import { byTurns, type Contender, table, timed } from "./measure.ts";
import { requestModel } from "./request-model.ts";
import { asked, user, writeGeneration } from "./request-runtime.ts";

const { values: given } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: `${availableParallelism()}` },
  },
});
const threads = Number(given.threads);
const sizes = [
  { candidates: 100, history: 1000 },
  { candidates: 100, history: 10_000 },
  { candidates: 100, history: 100_000 },
];

const model = await requestModel(false, 100, true, false, "match(item.category)");
try {
  await writeGeneration(model);
  console.log(`${threads} threads, ${given.rounds} rounds of 3, ${cpus()[0].model}; ms: median (least–most)`);
  const rows = [["candidates × behaviours", "prepare and rank: graph", "index", "rank: graph", "index"]];
  const twins = await Promise.all(
    (["graph", "auto"] as const).map((plan) => LocalTwin.open(model.dir, { threads, plan })),
  );
  for (const size of sizes) {
    const [mine, theirs] = [user(size), asked(size)];
    const prepared = await Promise.all(twins.map((twin) => twin.prepare(mine)));
    const contenders: Contender[] = [
      ...twins.map((twin) => ({ name: "both", run: async () => (await twin.prepare(mine)).rank(theirs) })),
      ...prepared.map((one) => ({ name: "rank", run: () => one.rank(theirs) })),
    ];
    const found = await byTurns(contenders, Number(given.rounds));
    rows.push([`${size.candidates} × ${size.history}`, ...found.map(timed)]);
  }
  console.log(table(rows));
  await Promise.all(twins.map((twin) => twin.close()));
} finally {
  model.close();
}
