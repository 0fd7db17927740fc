// One request's search and attention against what else could be done: npx tsx bench/request.ts [--all]
// Default: the sizes that the targets are stated for. --all: every combination of 1, 100, 1,000 candidates and 1,000,
// 10,000, 100,000 behaviours.
import { availableParallelism, cpus } from "node:os";
import { byTurns, milliseconds, type Timing, table, timed } from "./measure.ts";
import { opponents } from "./opponents/request.ts";
import { type Sizes, sizes } from "./opponents/sizes.ts";
import { type RequestModel, requestModel } from "./request-model.ts";
import { searched, writeGeneration } from "./request-runtime.ts";
import { contestant } from "./request-session.ts";

const threads = 2;
const all = process.argv.includes("--all");

interface Row {
  readonly size: Sizes;
  readonly timings: ReadonlyMap<string, Timing>;
  /** Times of `twin` and `export`, which is too slow to go round with all others. */
  readonly beside: ReadonlyMap<string, Timing>;
}

async function measure(models: { independent: RequestModel; alike: RequestModel }, size: Sizes): Promise<Row> {
  const withExport = size.candidates * size.history <= 1_000_000 || all;
  const others = await opponents(size, threads, withExport);
  const scale = new Map(others.map((other) => [other.name, other.scale]));
  const cost = size.candidates * size.history;
  const ours = [
    await searched("twin", models.independent, size, threads, "auto"),
    await searched("twin, heads alike", models.alike, size, threads, "auto"),
    await contestant("twin, fresh", models.independent, "request_fresh", size, threads),
  ];
  const slow = others.filter(({ name }) => name === "export");
  const named = (timings: readonly Timing[]) =>
    new Map(timings.map((timing) => [timing.name, scaled(timing, scale.get(timing.name) ?? 1)]));
  const rounds = cost > 2e7 ? 3 : cost > 2e6 ? 5 : 12;
  const timings = named(await byTurns([...ours, ...others.filter((other) => !slow.includes(other))], rounds));
  const beside = named(slow.length > 0 ? await byTurns([ours[0], ...slow], 4, 2) : []);
  for (const { close } of [...ours, ...others]) {
    await close();
  }
  return { size, timings, beside };
}

const scaled = (timing: Timing, factor: number): Timing => ({
  ...timing,
  median: timing.median * factor,
  least: timing.least * factor,
  most: timing.most * factor,
});

const models = { independent: await requestModel(false), alike: await requestModel(true) };
for (const model of Object.values(models)) {
  await writeGeneration(model);
}
console.log(`${cpus()[0].model}, ${availableParallelism()} cores; ONNX Runtime, CPU, ${threads} threads, spinning off`);
console.log(
  "4 heads of 16, inherent width 144, cross width 32, 50,000 items, 100 kept; keys and values cached (fresh: projected); twin: what `rank` calls, by the plan `auto`, towers apart",
);
console.log(
  "milliseconds: median (least–most); export: measured on the candidate rows that 400,000 behaviours allow, scaled\n",
);
const rows: Row[] = [];
const wanted: readonly (readonly [number, number])[] = all
  ? [1, 100, 1000].flatMap((candidates) => [1_000, 10_000, 100_000].map((history) => [candidates, history] as const))
  : [
      [100, 10_000],
      [1, 10_000],
      [100, 100_000],
    ];
for (const [candidates, history] of wanted) {
  const row = await measure(models, sizes(candidates, history));
  rows.push(row);
  console.log(`${candidates} candidates × ${history} behaviours`);
  const print = (timings: Row["timings"]) => {
    for (const timing of timings.values()) {
      console.log(`  ${timing.name.padEnd(18)} ${timed(timing)}`);
    }
  };
  print(row.timings);
  if (row.beside.size > 0) {
    console.log("  by turns with the export:");
  }
  print(row.beside);
}

const ratio = (timings: Row["timings"], over: string, under: string): string => {
  const [a, b] = [timings.get(over), timings.get(under)];
  return a && b ? (a.median / b.median).toFixed(2) : "–";
};
console.log(
  `\n${table([
    [
      "candidates × behaviours",
      "twin ms",
      "export ÷ twin",
      "shared ÷ twin",
      "twin ÷ plain",
      "alike ÷ plain",
      "fresh ÷ plain",
    ],
    ...rows.map((row) => [
      `${row.size.candidates} × ${row.size.history}`,
      milliseconds(row.timings.get("twin")!.median),
      ratio(row.beside, "export", "twin"),
      ratio(row.timings, "shared", "twin"),
      ratio(row.timings, "twin", "plain"),
      ratio(row.timings, "twin, heads alike", "plain"),
      ratio(row.timings, "twin, fresh", "plain"),
    ]),
  ])}`,
);
console.log(
  "\nWhere `shared ÷ twin` is below 1, unsplit attention with a shared user side is the faster one on this CPU.",
);
for (const line of models.independent.plan) {
  console.log(`plan: ${line}`);
}
models.independent.close();
models.alike.close();
