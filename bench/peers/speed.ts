// Samples a second of training, Twin against PyTorch by turns in one run.
//   TWIN_PYTHON=… npx tsx bench/peers/speed.ts [--quick] [--profile] [--threads N] [--only BATCHxHISTORY]
// Batch 128 and 512 × histories 200, 1,000, 5,000. All go round in the same few batches, which lie in memory; `twin, reading`
// is Twin as `twin train` runs it: every batch read and assembled, on a thread of its own.
// Wall time counts; it means little beside other work, which hits waiting
// OpenMP threads hardest: processor time with --threads 1 is the figure to look at then.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { TimedRole } from "../../runtime/learn/graphs.ts";
import { median, table } from "../measure.ts";
import { writeBatches, writeStart } from "./exchange.ts";
import { large, parameterCount } from "./models.ts";
import { firstBatches, Ours } from "./ours.ts";
import { Peer, requirePyTorch } from "./process.ts";
import { operatorProfile } from "./profile.ts";
import { openWorld, timedWorld } from "./world.ts";

requirePyTorch();
const { values: given } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
  },
});
const threads = Number(given.threads);
const seed = 1;
/** Batches that lie in memory. */
const held = 4;
/** Steps that are not counted at first: both sides compile, allocate and choose their ways in them. */
const warming = 20;
const targets = { plain: 2, same: 1.2 };

interface Ran {
  readonly seconds: readonly number[];
  readonly processor: readonly number[];
}

interface Contender {
  readonly name: "twin" | "twin, reading" | "same" | "plain";
  run(steps: number): Promise<Ran>;
}

type Times = Map<string, { readonly seconds: number[]; readonly processor: number[] }>;

const ms = (seconds: number) => (1000 * seconds).toFixed(1);

/** In every turn a contender runs one step that is not counted, to warm its caches, and then `row`. */
async function byTurns(contenders: readonly Contender[], rounds: number, row: number): Promise<Times> {
  const times = new Map(contenders.map(({ name }) => [name, { seconds: [] as number[], processor: [] as number[] }]));
  for (let round = -1; round < rounds; round++) {
    // Backwards every other time: what a contender leaves behind meets all alike.
    for (const { name, run } of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      const { seconds, processor } = await run((round < 0 ? Math.min(warming, 2 * row) : row) + 1);
      if (round >= 0) {
        times.get(name)!.seconds.push(...seconds.slice(1));
        times.get(name)!.processor.push(...processor.slice(1));
      }
      await new Promise((rest) => setTimeout(rest, 200));
    }
  }
  return times;
}

interface Outcome {
  readonly batch: number;
  readonly history: number;
  readonly times: Times;
}

async function measure(batch: number, history: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "twin-peers-"));
  const made = large(batch, history);
  const world = timedWorld(50_000, history, batch, seed);
  const data = openWorld(world);
  const start = writeStart(folder, made.model, data, seed);
  const order = firstBatches(world.samples.training, batch, seed, held);
  const batches = writeBatches(folder, made.model, data, "training", order);
  const ours = await Ours.open(join(folder, "build"), made, world, { seed, threads });
  const same = await Peer.open("same", start, { threads, exactTies: false });
  const plain = await Peer.open("plain", start, { threads, exactTies: false });
  if (outcomes.length === 0) {
    heading(parameterCount(made.model), same);
  }
  const theirs = (name: "same" | "plain", peer: Peer): Contender => {
    let at = 0;
    const run = (steps: number) =>
      peer.train(
        Array.from({ length: steps }, () => batches[at++ % held]),
        true,
      );
    return { name, run };
  };
  const memory = await ours.batches(held);
  const contenders: Contender[] = [
    { name: "twin", run: (steps) => ours.train(steps, false, memory) },
    { name: "twin, reading", run: (steps) => ours.train(steps) },
    theirs("same", same),
    theirs("plain", plain),
  ];
  const cost = batch * history;
  const times = await byTurns(contenders, given.quick ? 2 : 5, cost > 2e6 ? 3 : cost > 5e5 ? 5 : 10);
  const before = ours.spent();
  const { seconds } = await ours.train(5, false, memory);
  const spent = ours.spent();
  const share = Object.entries(spent).flatMap(([role, ms]) => {
    const mine = (ms - before[role as TimedRole]) / 5;
    return mine > 0 ? [`${role} ${mine.toFixed(1)}`] : [];
  });
  const whole = (1000 * seconds.reduce((sum, one) => sum + one, 0)) / 5;
  const inside = Object.keys(spent).reduce(
    (sum, role) => sum + spent[role as TimedRole] - before[role as TimedRole],
    0,
  );
  const resident = { same: await same.memory(), plain: await plain.memory(), twin: process.memoryUsage.rss() };
  const gigabytes = Object.entries(resident).map(([name, bytes]) => `${name} ${(bytes / 1e9).toFixed(1)}`);
  console.log(`batch ${batch} × history ${history}`);
  for (const [name, { seconds: all, processor }] of times) {
    console.log(
      `  ${name.padEnd(13)} ${ms(median(all))} ms a step (${ms(Math.min(...all))}–${ms(Math.max(...all))}, ${all.length} steps), ${ms(median(processor))} ms of processor time`,
    );
  }
  console.log(
    `  twin's step of ${whole.toFixed(1)} ms: ${share.join(", ")}, host ${(whole - inside / 5).toFixed(1)}; memory in GB: ${gigabytes.join(", ")} (twin: now, PyTorch: peak)`,
  );
  if (given.profile) {
    console.log(await operatorProfile(join(folder, "build"), ours.spec, await ours.record(memory[0]), threads, 5));
    for (const peer of [same, plain]) {
      console.log(await peer.profile(batches, 3));
    }
  }
  await Promise.all([ours.close(), same.close(), plain.close()]);
  rmSync(folder, { recursive: true, force: true });
  return { batch, history, times };
}

function heading(parameters: number, { versions }: Peer): void {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores; ${threads} threads each, by turns`);
  console.log(
    `PyTorch ${versions.torch} (Python ${versions.python}), ONNX Runtime on the CPU, Node ${process.versions.node}`,
  );
  console.log(
    `TWIN, 4 heads of 16, inherent width 104, 3 cross features of 8, 100 kept, newest 50; 50,000 items by Zipf; ${parameters.toLocaleString("en-GB")} parameters; AdaGrad on embeddings, Adam on the rest`,
  );
  console.log("All find their batches in memory, but for `twin, reading`, which reads and assembles each.\n");
}

const outcomes: Outcome[] = [];
for (const batch of [128, 512]) {
  for (const history of [200, 1000, 5000]) {
    if (given.only === undefined || given.only === `${batch}x${history}`) {
      outcomes.push(await measure(batch, history));
    }
  }
}

const rate = ({ batch, times }: Outcome, name: string) => batch / median(times.get(name)!.seconds);
const work = ({ times }: Outcome, name: string) => median(times.get(name)!.processor);
const ratio = (outcome: Outcome, name: keyof typeof targets) => rate(outcome, "twin") / rate(outcome, name);
console.log(
  `\nSamples a second, median:\n${table([
    [
      "batch × history",
      "twin",
      "reading",
      "same",
      "plain",
      "twin ÷ same",
      "twin ÷ plain",
      "processor: same ÷ twin",
      "plain ÷ twin",
    ],
    ...outcomes.map((outcome) => [
      `${outcome.batch} × ${outcome.history}`,
      ...["twin", "twin, reading", "same", "plain"].map((name) => rate(outcome, name).toFixed(0)),
      ratio(outcome, "same").toFixed(2),
      ratio(outcome, "plain").toFixed(2),
      (work(outcome, "same") / work(outcome, "twin")).toFixed(2),
      (work(outcome, "plain") / work(outcome, "twin")).toFixed(2),
    ]),
  ])}`,
);
for (const [name, target] of Object.entries(targets)) {
  const least = Math.min(...outcomes.map((outcome) => ratio(outcome, name as keyof typeof targets)));
  console.log(`${name}: at least ${least.toFixed(2)} times; target ${target}: ${least >= target ? "met" : "MISSED"}`);
}
