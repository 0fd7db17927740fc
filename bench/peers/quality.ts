// Trained quality in Twin and in PyTorch, 3 seeds each, on planted data: npx tsx bench/peers/quality.ts
// A seed gives start values and the order of the samples; both sides see the same. TWIN_PYTHON names a Python with PyTorch.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auc } from "../../runtime/metrics/auc.ts";
import { table } from "../measure.ts";
import { writeBatches, writeStart } from "./exchange.ts";
import { small } from "./models.ts";
import { firstBatches, Ours } from "./ours.ts";
import { Peer, requirePyTorch } from "./process.ts";
import { openWorld, type WorldSize } from "./world.ts";

requirePyTorch();
const threads = 1;
const batch = 256;
const epochs = 1;
const seeds = [1, 2, 3];
const world: WorldSize = {
  items: 5000,
  authors: 400,
  categories: 20,
  users: 5000,
  history: 200,
  lengths: "mixed",
  samples: { training: 76_800, validation: 8192, test: 1 },
  seed: 7,
};
const made = small(batch, { embeddings: "adagrad(rate: 0.1)", dense: "adam(rate: 2e-3)" });
const data = openWorld(world);
const label = Uint8Array.from(
  data.batch(
    "validation",
    Uint32Array.from({ length: world.samples.validation }, (_, i) => i),
    {},
  ).labels.click,
);

const reached = { twin: [] as number[], same: [] as number[], plain: [] as number[] };
for (const seed of seeds) {
  const folder = mkdtempSync(join(tmpdir(), "twin-peers-"));
  const files = writeStart(folder, made.model, data, seed);
  const steps = Math.ceil(world.samples.training / batch) * epochs;
  const batches = writeBatches(
    folder,
    made.model,
    data,
    "training",
    firstBatches(world.samples.training, batch, seed, steps),
  );
  const validation = Array.from({ length: world.samples.validation / 512 }, (_, i) =>
    Uint32Array.from({ length: 512 }, (_, j) => 512 * i + j),
  );
  const held = writeBatches(folder, made.model, data, "validation", validation);
  const ours = await Ours.open(join(folder, "build"), made, world, { seed, threads });
  await ours.train(steps);
  reached.twin.push(auc({ label, score: await ours.score("click") }));
  await ours.close();
  for (const form of ["same", "plain"] as const) {
    const peer = await Peer.open(form, files, { threads, exactTies: true });
    await peer.train(batches);
    const logits = (await peer.score(held)).flatMap(({ click }) => click);
    reached[form].push(auc({ label, score: Float32Array.from(logits) }));
    await peer.close();
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `seed ${seed}: ${Object.entries(reached)
      .map(([name, all]) => `${name} ${all.at(-1)!.toFixed(4)}`)
      .join(", ")}`,
  );
}

const mean = (all: readonly number[]) => all.reduce((sum, x) => sum + x, 0) / all.length;
const deviation = (all: readonly number[]) =>
  Math.sqrt(all.reduce((sum, x) => sum + (x - mean(all)) ** 2, 0) / (all.length - 1));
console.log(
  table([
    ["validation AUC of click", "mean", "deviation over seeds", "least", "most"],
    ...Object.entries(reached).map(([name, all]) => [
      name,
      ...[mean(all), deviation(all), Math.min(...all), Math.max(...all)].map((value) => value.toFixed(4)),
    ]),
  ]),
);
// Welch's t for the two means; 2.78 is its two-sided 5 % point with 4 degrees of freedom.
for (const form of ["same", "plain"] as const) {
  const [a, b] = [reached.twin, reached[form]];
  const noise = Math.sqrt((deviation(a) ** 2 + deviation(b) ** 2) / seeds.length);
  const difference = mean(a) - mean(b);
  const within = Math.abs(difference) <= Math.max(2.78 * noise, 1e-4);
  console.log(
    `twin − ${form}: ${difference.toFixed(5)}, standard error ${noise.toFixed(5)}: ${within ? "within" : "BEYOND"} seed noise`,
  );
  if (!within) {
    process.exitCode = 1;
  }
}
