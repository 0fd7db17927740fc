// The gate: what each addition to a model gains on real data, by the command line as a user would, arm for arm.
// npm run bench:gate -- [--sets movielens,assistments] [--arms "base,stats"] [--seeds 1] [--folder DIR]
// Reads ../shared/data; the data sets are no part of the project. A trial that is done is kept in the folder and not run again.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "./measure.ts";
import { type Arm, arms, modelOf } from "./quality/arms.ts";
import { type DataSet, dataSets, setsHere, workFolder } from "./quality/data-sets.ts";
import { shown, trial } from "./quality/trial.ts";

/** What is kept of a trial that is done. */
interface Kept {
  readonly text: string;
  readonly figures: ReturnType<typeof trial>;
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

for (const set of setsHere(values.sets)) {
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
    const found = seeds.map((seed) => measured(set, arm, seed, folder, arm.stats ? counted : plain));
    rows.push([
      arm.name,
      ...shown(found),
      `${found.length}`,
      (found.reduce((sum, { seconds }) => sum + seconds, 0) / found.length).toFixed(0),
    ]);
    console.error(`${set.name}, ${arm.name}: ${rows.at(-1)?.slice(1, 4).join("  ")}`);
  }
  console.log(`\n${set.name}: label \`${set.label}\`, test part, all users; mean ± standard deviation of the seeds`);
  console.log(table(rows));
}

/** A trial of an arm, or what was kept of it. */
function measured(set: DataSet, arm: Arm, seed: number, folder: string, data: string): Kept["figures"] {
  const called = arm.name.replace(/\W+/g, "-");
  const stem = join(folder, `${called}-${seed}`);
  const text = modelOf(set, arm, seed);
  const done = `${stem}.json`;
  if (existsSync(done)) {
    const kept = JSON.parse(readFileSync(done, "utf8")) as Kept;
    if (kept.text === text) {
      return kept.figures;
    }
    throw new Error(`${done} is of another model: remove it, or name another --folder`);
  }
  const figures = trial(stem, text, data, join(folder, `prepared-${called}`));
  writeFileSync(done, JSON.stringify({ text, figures }));
  return figures;
}
