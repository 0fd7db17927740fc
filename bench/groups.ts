// Training in groups (`train { group: 8 }`) beside the same samples in any order.
//   npx tsx bench/groups.ts [--threads N] [--rounds N] [--only BATCHxHISTORY]
// Data of which 8 samples, one after the other, are of one user. Every run is a process of its own; both take turns.
import { parseArgs } from "node:util";
import { median, milliseconds, table } from "./measure.ts";
import { timedWorld } from "./peers/world.ts";
import { measuredApart, trainingMachine } from "./train/apart.ts";
import type { Measured } from "./train/one.ts";

const { values: given } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
  },
});
const threads = Number(given.threads);
const together = 8;
const items = 50_000;
const forms = [
  { name: "any order", group: 1 },
  { name: "in groups of 8", group: together },
] as const;

async function compared(batch: number, history: number): Promise<string[][]> {
  const steps = batch * history > 2e6 ? 8 : 20;
  const found = forms.map((): Measured[] => []);
  for (let round = 0; round < Number(given.rounds); round++) {
    for (const [f, { group }] of forms.entries()) {
      const world = timedWorld(items, history, batch, 1, together);
      const setting = { world, catalogue: items, batch, group, threads, warm: 3, steps };
      const one = await measuredApart({ ...setting, model: "large" });
      if (one === null) {
        throw new Error(`batch ${batch}, history ${history}: the process ended without a result`);
      }
      found[f].push(one);
    }
  }
  const wall = found.map((runs) => median(runs.flatMap((run) => run.wall)));
  return forms.map(({ name }, f) => {
    const runs = found[f].map((run) => median(run.wall));
    const part = (of: (run: Measured) => readonly number[]) => milliseconds(median(found[f].flatMap(of)));
    return [
      `${batch} × ${history}, ${name}`,
      Math.round((1000 * batch) / wall[f]).toLocaleString("en-GB"),
      `${milliseconds(wall[f])} (${milliseconds(Math.min(...runs))}–${milliseconds(Math.max(...runs))})`,
      part((run) => run.processor),
      part(({ graphs }) => graphs.search),
      part(({ graphs }) => graphs.step),
      part(({ graphs }) => graphs.update),
      Math.round(median(found[f].flatMap((run) => run.items))).toLocaleString("en-GB"),
      f === 0 ? "" : (wall[0] / wall[f]).toFixed(2),
    ];
  });
}

console.log(trainingMachine(threads));
console.log(
  `TWIN, 4 heads of 16, inherent width 104, 3 cross features of 8, 100 kept, newest 50; ${items.toLocaleString("en-GB")} items by Zipf. Median of the steps of ${given.rounds} runs (medians of single runs).\n`,
);
const rows = [["", "samples/s", "ms a step", "processor ms", "search", "step", "update", "items a batch", "times"]];
for (const [batch, history] of [
  [128, 1000],
  [128, 5000],
  [512, 1000],
  [512, 5000],
]) {
  if (given.only === undefined || given.only === `${batch}x${history}`) {
    rows.push(...(await compared(batch, history)));
  }
}
console.log(table(rows));
