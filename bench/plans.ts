// The selection kernel against the graphs, against unsplit attention and against the scores alone: npx tsx bench/plans.ts
// [CANDIDATESxBEHAVIOURS …]. By turns in one process; ratios are taken within a round, and their median with quartiles is printed.
import { availableParallelism, cpus } from "node:os";
import { type Contender, milliseconds, quartiles, table } from "./measure.ts";
import { opponents } from "./opponents/request.ts";
import { sizes } from "./opponents/sizes.ts";
import { requestModel } from "./request-model.ts";
import { served, writeGeneration } from "./request-runtime.ts";
import { contestant } from "./request-session.ts";

const threads = Math.min(2, availableParallelism());
const rounds = 31;

const wanted = process.argv.slice(2).filter((word) => /^\d+x\d+$/.test(word));
const all = wanted.length > 0 ? wanted : ["1x10000", "100x1000", "1000x1000", "100x10000", "1000x10000", "100x100000"];

/** Milliseconds of every contender in every round; each runs once uncounted first, which brings its memory back into the caches. */
async function turns(contenders: readonly Contender[]): Promise<Map<string, number[]>> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = -2; round < rounds; round++) {
    for (const { name, run } of contenders) {
      await run();
      const begun = performance.now();
      await run();
      if (round >= 0) {
        times.get(name)!.push(performance.now() - begun);
      }
    }
  }
  return times;
}

const model = await requestModel(false);
await writeGeneration(model);
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores; ${threads} threads, ONNX Runtime's spinning off; ${rounds} rounds`,
);
console.log(
  "4 heads of 16, 50,000 items, 100 kept, keys and values cached. Milliseconds, and ratios within a round: median (quartiles)\n",
);
const rows: string[][] = [];
for (const name of all) {
  const [candidates, history] = name.split("x").map(Number);
  const size = sizes(candidates, history);
  const others = (await opponents(size, threads, false)).filter((one) => one.name !== "plain");
  const contenders = [
    ...(await served(model, size, threads)),
    await contestant("graph", model, "request", size, threads),
    ...others,
  ];
  const times = await turns(contenders);
  console.log(`${candidates} candidates × ${history} behaviours`);
  for (const [contender, values] of times) {
    console.log(`  ${contender.padEnd(24)} ${quartiles(values, milliseconds)}`);
  }
  const over = (a: string, b: string) =>
    quartiles(
      times.get(a)!.map((value, i) => value / times.get(b)![i]),
      (one) => one.toFixed(2),
    );
  rows.push([
    `${candidates} × ${history}`,
    over("kernel", "graph"),
    over("kernel", "shared"),
    over("kernel", "scores"),
    over("rank, kernel", "rank, graph"),
    over("prepare and rank, kernel", "prepare and rank, graph"),
  ]);
  for (const contender of contenders) {
    await contender.close();
  }
}
const head = [
  "candidates × behaviours",
  "kernel ÷ graph",
  "÷ unsplit, shared",
  "÷ scores alone",
  "rank ÷ rank",
  "prepare and rank",
];
console.log(`\n${table([head, ...rows])}`);
console.log(`\nmost memory of the process: ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
model.close();
