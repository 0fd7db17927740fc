// The gate: what each addition to a model gains on real data, by the command line as a user would, arm for arm.
// npm run bench:gate -- [--sets movielens,assistments] [--arms "base,stats"] [--seeds 1] [--folder DIR]
// Reads ../shared/data; the data sets are no part of the project. A trial that is done is kept in the folder and not run again.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "./measure.ts";
import { type Arm, arms, modelOf } from "./quality/arms.ts";
import { type DataSet, dataSets, missing, workFolder } from "./quality/data-sets.ts";

interface Figures {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
  /** Of training, preparing left out. */
  readonly seconds: number;
}

const { values } = parseArgs({
  options: {
    sets: { type: "string", default: dataSets.map(({ name }) => name).join() },
    arms: { type: "string", default: "" },
    seeds: { type: "string", default: "1" },
    folder: { type: "string", default: join(tmpdir(), "twin-gate") },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const asked = values.arms.split(",").filter((name) => name !== "");
const unknown = asked.find((name) => !arms.some((arm) => arm.name === name));
if (unknown !== undefined) {
  throw new Error(`there is no arm ${unknown}; there are: ${arms.map(({ name }) => name).join(", ")}`);
}

for (const name of values.sets.split(",")) {
  const set = dataSets.find((one) => one.name === name);
  if (set === undefined) {
    throw new Error(`there is no data set ${name}`);
  }
  const absent = missing(set);
  if (absent.length > 0) {
    console.log(`skipped: ${absent.join(" and ")} is not here, and the data set is not part of this project`);
    continue;
  }
  await measure(set);
}

async function measure(set: DataSet): Promise<void> {
  const folder = workFolder(values.folder, set);
  const plain = await set.bind(folder);
  const counted = join(folder, "data-counted.yaml");
  writeFileSync(counted, readFileSync(plain, "utf8").replace("columns:\n", `columns:\n${set.counted.column}\n`));
  const rows = [["", "AUC", "GAUC", "logloss", "seeds", "s a run"]];
  for (const arm of arms) {
    const without = arm.popularity && set.counted.popular.length === 0;
    if (without || (asked.length > 0 && !asked.includes(arm.name))) {
      continue;
    }
    const found = seeds.map((seed) => trial(set, arm, seed, folder, arm.stats ? counted : plain));
    const mean = (of: (one: Figures) => number): string => shown(found.map(of));
    rows.push([
      arm.name,
      mean(({ auc }) => auc),
      mean(({ gauc }) => gauc),
      mean(({ logloss }) => logloss),
      `${found.length}`,
      (found.reduce((sum, { seconds }) => sum + seconds, 0) / found.length).toFixed(0),
    ]);
    console.error(`${set.name}, ${arm.name}: ${rows.at(-1)?.slice(1, 4).join("  ")}`);
  }
  console.log(`\n${set.name}: label \`${set.label}\`, test part, all users; mean ± standard deviation of the seeds`);
  console.log(table(rows));
}

/** Trains, builds and evaluates, each in a process of its own; what is done is read again. */
function trial(set: DataSet, arm: Arm, seed: number, folder: string, data: string): Figures {
  const called = arm.name.replace(/\W+/g, "-");
  const stem = join(folder, `${called}-${seed}`);
  const text = modelOf(set, arm, seed);
  const done = `${stem}.json`;
  if (existsSync(done)) {
    const kept = JSON.parse(readFileSync(done, "utf8")) as { text: string; figures: Figures };
    if (kept.text === text) {
      return kept.figures;
    }
    throw new Error(`${done} is of another model: remove it, or name another --folder`);
  }
  const model = `${stem}.twin`;
  writeFileSync(model, text);
  const run = `${stem}.run`;
  const cache = join(folder, `prepared-${called}`);
  const begun = performance.now();
  twin("train", model, "--data", data, "-o", run, ...(existsSync(run) ? ["--resume"] : ["--cache", cache]));
  const seconds = (performance.now() - begun) / 1000;
  twin("build", model, "--weights", join(run, "weights.safetensors"), "-o", `${stem}.build`);
  const report = twin("evaluate", `${stem}.build`, "--data", data, "--part", "test", "--cache", cache, "--json");
  const [{ auc, gauc, logloss }] = (JSON.parse(report) as { labels: Figures[] }).labels;
  const figures = { auc, gauc, logloss, seconds };
  writeFileSync(done, JSON.stringify({ text, figures }));
  return figures;
}

function twin(...args: string[]): string {
  const bin = join(import.meta.dirname, "../cli/twin.mjs");
  return execFileSync(process.execPath, [bin, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function shown(figures: readonly number[]): string {
  const mean = figures.reduce((sum, one) => sum + one, 0) / figures.length;
  const spread = Math.sqrt(figures.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, figures.length - 1));
  return figures.length === 1 ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${spread.toFixed(4)}`;
}
