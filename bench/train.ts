// Speed and memory of training: steps and samples a second, where the time goes, and what grows with histories and items.
//   npm run bench:train -- [--quick] [--threads N] [--only BATCHxHISTORY | --only items] [--most ITEMS]
// Every line is a process of its own. Wall time of the trainer's own steps; the next batch is assembled in a thread meanwhile.
import { freemem } from "node:os";
import { parseArgs } from "node:util";
import { median, milliseconds, table } from "./measure.ts";
import { timedWorld } from "./peers/world.ts";
import { measuredApart, trainingMachine } from "./train/apart.ts";
import { width } from "./train/model.ts";
import type { Measured } from "./train/one.ts";

const { values: given } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
    most: { type: "string", default: "10000000" },
  },
});
const threads = Number(given.threads);
const seed = 1;
/** Items that the batches of the second part draw on, however many there are. */
const met = 10_000;

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
const whole = (count: number): string => Math.round(count).toLocaleString("en-GB");

function stepsFor(behaviours: number): { warm: number; steps: number } {
  const steps = behaviours > 2e6 ? 8 : behaviours > 5e5 ? 12 : 30;
  return given.quick ? { warm: 2, steps: Math.ceil(steps / 4) } : { warm: 3, steps };
}

const headings = [
  "steps/s",
  "samples/s",
  "ms a step (spread)",
  "processor ms",
  "search",
  "step",
  "update",
  "host",
  "items a batch",
];

/** Milliseconds of a part are medians of their own, so that they need not add up to the last digit. */
function line({ wall, processor, graphs, items }: Measured, batch: number): string[] {
  const inside = wall.map((_, i) => graphs.search[i] + graphs.step[i] + graphs.update[i]);
  const share = (values: readonly number[]) => {
    const ms = median(values);
    return `${milliseconds(ms)} (${Math.round((100 * ms) / median(wall))}%)`;
  };
  return [
    (1000 / median(wall)).toFixed(1),
    whole((1000 * batch) / median(wall)),
    `${milliseconds(median(wall))} (${milliseconds(Math.min(...wall))}–${milliseconds(Math.max(...wall))})`,
    milliseconds(median(processor)),
    share(graphs.search),
    share(graphs.step),
    share(graphs.update),
    share(wall.map((ms, i) => ms - inside[i])),
    whole(median(items)),
  ];
}

async function sizes(): Promise<void> {
  const rows = [["batch × history", ...headings, "µs a sample", "peak GB"]];
  for (const batch of [128, 512]) {
    for (const history of [200, 1000, 5000]) {
      if (given.only !== undefined && given.only !== `${batch}x${history}`) {
        continue;
      }
      const items = 50_000;
      const setting = {
        world: timedWorld(items, history, batch, seed),
        catalogue: items,
        batch,
        group: 1,
        threads,
      };
      const found = await measuredApart({ ...setting, model: "large", ...stepsFor(batch * history) });
      if (found === null) {
        throw new Error(`batch ${batch}, history ${history}: the process ended without a result`);
      }
      const sample = whole((1000 * median(found.wall)) / batch);
      rows.push([`${batch} × ${history}`, ...line(found, batch), sample, gigabytes(found.peak)]);
    }
  }
  if (rows.length === 1) {
    return;
  }
  console.log(
    "TWIN, 4 heads of 16, inherent width 104, 3 cross features of 8, 100 kept, newest 50; 50,000 items by Zipf; AdaGrad on embeddings, Adam on the rest. Milliseconds of each part and their share of the step.\n",
  );
  console.log(`${table(rows)}\n`);
}

async function catalogues(): Promise<void> {
  const [batch, history] = [128, 1000];
  const rows = [["items", ...headings, "parameters and state GB", "peak GB"]];
  let stopped: string | null = null;
  for (let items = met; items <= Number(given.most); items *= 10) {
    const setting = {
      world: timedWorld(met, history, batch, seed),
      catalogue: items,
      batch,
      group: 1,
      threads,
    };
    const need = 4 * items * (2 * width) * 2;
    if (need > freemem()) {
      stopped = `${whole(items)} items need about ${gigabytes(need)} GB while they start, and ${gigabytes(freemem())} GB are free here`;
      break;
    }
    const found = await measuredApart({ ...setting, model: "catalogue", ...stepsFor(batch * history) });
    if (found === null) {
      stopped = `the process of ${whole(items)} items ended without a result`;
      break;
    }
    rows.push([whole(items), ...line(found, batch), gigabytes(found.learned), gigabytes(found.peak)]);
  }
  console.log(
    `Batch ${batch}, history ${history}; a table row of ${width} numbers and as many of AdaGrad's state an item. Every batch meets the same ${whole(met)} items, spread over all of them.\n`,
  );
  console.log(table(rows));
  console.log(
    `\n${stopped === null ? `Ended at ${rows.at(-1)![0]} items as asked.` : `Stopped: ${stopped}.`} An item takes ${8 * width} bytes of parameters and state; one array holds at most 2^32 − 1 numbers here.`,
  );
}

console.log(`${trainingMachine(threads)}\n`);
await sizes();
if (given.only === undefined || given.only === "items") {
  await catalogues();
}
