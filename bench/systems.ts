// What each system costs: samples a second of training, and milliseconds of a request, beside the floor of its own graph: the
// operators that it cannot avoid (bench/systems/floor.ts). All systems in one run, on the same data.
//   npx tsx bench/systems.ts [--systems twin,din] [--behaviours 10000] [--candidates 100] [--rounds 9] [--steps 20] [--threads N]
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { built } from "../cli/compare/built.ts";
import { sampleRequests } from "../cli/compare/served.ts";
import { checked } from "../cli/verbs/show.ts";
import { trainTo } from "../cli/verbs/train.ts";
import { lowerGraphs, rewrite } from "../compiler/index.ts";
import { lengthsOf } from "../compiler/plan/cost-report.ts";
import { readBinding } from "../runtime/data/index.ts";
import { generate } from "../runtime/example/index.ts";
import { byTurns, table, timed } from "./measure.ts";
import { floorOf } from "./systems/floor.ts";

const { values: given } = parseArgs({
  options: {
    systems: { type: "string", default: "" },
    behaviours: { type: "string", default: "10000" },
    candidates: { type: "string", default: "100" },
    rounds: { type: "string", default: "9" },
    steps: { type: "string", default: "20" },
    threads: { type: "string", default: `${availableParallelism()}` },
  },
});
const [behaviours, candidates, steps, threads] = [given.behaviours, given.candidates, given.steps, given.threads].map(
  Number,
);
const models = join(import.meta.dirname, "../models/compare");
const libraries = ["base", "features"];
const all = readdirSync(models)
  .map((file) => basename(file, ".twin"))
  .filter((name) => !libraries.includes(name));
const asked = given.systems === "" ? all : given.systems.split(",");
const folder = mkdtempSync(join(tmpdir(), "twin-bench-"));

interface Cost {
  readonly cells: readonly string[];
  readonly floor: string;
}

async function costOf(system: string, data: string): Promise<Cost> {
  const file = join(models, `${system}.twin`);
  const [run, output] = ["run", "build"].map((part) => join(folder, system, part));
  const { samplesPerSecond } = await trainTo(file, { data, output: run, steps, threads });
  const binding = readBinding(data);
  const model = checked(file);
  const histories = Object.fromEntries(model.histories.map(({ name }) => [name, behaviours]));
  const graphs = lowerGraphs(model, { layout: "request", outside: new Set() });
  // A model without a search has no graph of both stages.
  const graph = rewrite(graphs.get("request") ?? graphs.get("rank")!);
  const floor = await floorOf(graph, lengthsOf(graph, candidates, histories), threads);
  try {
    return await built({ file, weights: join(run, "weights.safetensors"), output, binding, threads }, async (twin) => {
      const [request] = await sampleRequests(twin, binding, null, candidates);
      const [whole, bare] = await byTurns(
        [
          { name: "prepare and rank", run: async () => (await twin.prepare(request.prepare)).rank(request.rank) },
          { name: "floor", run: () => floor.run() },
        ],
        Number(given.rounds),
      );
      const ratio = (whole.median / bare.median).toFixed(2);
      const samples = Math.round(samplesPerSecond).toLocaleString("en-GB");
      return { cells: [system, samples, timed(whole), timed(bare), ratio], floor: floor.operators };
    });
  } finally {
    await floor.close();
    rmSync(join(folder, system), { recursive: true, force: true });
  }
}

try {
  const data = join(folder, "data");
  await generate({ dir: data, users: 16, items: 20_000, behaviours, seed: 1 });
  const costs: Cost[] = [];
  for (const system of asked) {
    costs.push(await costOf(system, join(data, "data.yaml")));
  }
  console.log(
    `models/compare, ${behaviours} behaviours a user, batches of 256 while training (${steps} steps), requests of ${candidates} candidates; ${threads} threads, ${given.rounds} rounds of 3, ${cpus()[0].model}; ms: median (least–most)\n`,
  );
  console.log(
    table([
      ["", "samples/s, training", "prepare and rank, ms", "floor, ms", "request ÷ floor"],
      ...costs.map(({ cells }) => cells),
    ]),
  );
  console.log("\nThe floors:");
  for (const { cells, floor } of costs) {
    console.log(`  ${cells[0]}: ${floor}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
