// What statistics cost a request: `prepare` and `rank` of the benchmark's model with seven of them beside the same without, by
// turns, by either plan.
//   npx tsx bench/stats.ts [--rounds 31] [--threads N]
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { LocalTwin } from "../runtime/serve/index.ts";
import { byTurns, type Contender, table, timed } from "./measure.ts";
import { requestModel } from "./request-model.ts";
import { asked, user, writeGeneration } from "./request-runtime.ts";

const { values: given } = parseArgs({
  options: {
    rounds: { type: "string", default: "31" },
    threads: { type: "string", default: `${availableParallelism()}` },
  },
});
const threads = Number(given.threads);
const sizes = [
  { candidates: 100, history: 1000 },
  { candidates: 100, history: 10_000 },
  { candidates: 1000, history: 10_000 },
];

const models = { without: await requestModel(false), with: await requestModel(false, 100, true, true) };
try {
  console.log(
    `prepare and rank, seven statistics beside none; ${threads} threads, ${given.rounds} rounds of 3, ${cpus()[0].model}; ms: median (least–most)`,
  );
  const rows = [["candidates × behaviours, plan", "without", "with", "with ÷ without"]];
  for (const model of Object.values(models)) {
    await writeGeneration(model);
  }
  for (const plan of ["kernel", "graph"] as const) {
    for (const size of sizes) {
      rows.push([`${size.candidates} × ${size.history}, ${plan}`, ...(await measured(size, plan))]);
    }
  }
  console.log(table(rows));
} finally {
  models.without.close();
  models.with.close();
}

async function measured(size: (typeof sizes)[number], plan: "kernel" | "graph"): Promise<string[]> {
  const twins = await Promise.all(
    [models.without, models.with].map(({ dir }) => LocalTwin.open(dir, { threads, plan })),
  );
  const [mine, theirs] = [user({ ...size, items: 0 } as never), asked({ ...size, items: 0 } as never)];
  const contenders = twins.map(
    (twin, i): Contender => ({ name: `${i}`, run: async () => (await twin.prepare(mine)).rank(theirs) }),
  );
  const [without, together] = await byTurns(contenders, Number(given.rounds));
  await Promise.all(twins.map((twin) => twin.close()));
  return [timed(without), timed(together), (together.median / without.median).toFixed(3)];
}
