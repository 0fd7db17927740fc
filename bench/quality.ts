// Quality on real data: TWIN with the whole history, with the newest 100 behaviours, with none, and a plain baseline.
// npm run bench:quality -- [--sets movielens,assistments] [--seeds 3] [--folder DIR]
// Reads ../shared/data; the data sets are not part of this project. Runs are kept in the folder and resumed from it.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { auc, gauc, userAucs } from "../runtime/metrics/auc.ts";
import { logitOf, logloss } from "../runtime/metrics/logloss.ts";
import { table } from "./measure.ts";
import { baseline } from "./quality/baseline.ts";
import { type DataSet, dataSets, missing, type Past, workFolder } from "./quality/data-sets.ts";

interface Figures {
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
}

const { values } = parseArgs({
  options: {
    sets: { type: "string", default: dataSets.map(({ name }) => name).join() },
    seeds: { type: "string", default: "3" },
    folder: { type: "string", default: join(tmpdir(), "twin-quality") },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const pasts: readonly Past[] = ["whole", "newest 100", "none"];

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
  const data = await set.bind(folder);
  console.log(`\n${set.name}: label \`${set.label}\`, test part; mean ± standard deviation of ${seeds.length} seeds`);
  const rows = [["", "AUC", "GAUC", "logloss"]];
  const plain = await baseline(set.baseline(folder));
  rows.push(["logistic regression on rates", ...figures([plainFigures(plain)])]);
  for (const past of pasts) {
    const found = seeds.map((seed) => trained(set, past, seed, folder, data));
    rows.push([
      `TWIN, ${past === "none" ? "no history" : `${past}${past === "whole" ? " history" : ""}`}`,
      ...figures(found),
    ]);
  }
  console.log(table(rows));
}

/** Trains, builds and evaluates as a user would: by the command line, each in a process of its own. */
function trained(set: DataSet, past: Past, seed: number, folder: string, data: string): Figures {
  const stem = join(folder, `${past.replace(" ", "-")}-${seed}`);
  const model = `${stem}.twin`;
  writeFileSync(model, set.model(past, seed));
  const cache = join(folder, `prepared-${past.replace(" ", "-")}`);
  const run = `${stem}.run`;
  const again = existsSync(run) ? ["--resume"] : ["--cache", cache];
  twin("train", model, "--data", data, "-o", run, ...again);
  twin("build", model, "--weights", join(run, "weights.safetensors"), "-o", `${stem}.build`);
  const text = twin("evaluate", `${stem}.build`, "--data", data, "--part", "test", "--cache", cache, "--json");
  const [label] = (JSON.parse(text) as { labels: (Figures & { label: string })[] }).labels;
  return label;
}

function twin(...args: string[]): string {
  const bin = join(import.meta.dirname, "../cli/twin.mjs");
  return execFileSync(process.execPath, [bin, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function plainFigures({ label, probability, user }: Awaited<ReturnType<typeof baseline>>): Figures {
  const users = new Map<number, number>();
  const ordinal = Uint32Array.from(user, (key) => users.get(key) ?? users.set(key, users.size).size - 1);
  const ranked = { label: Uint8Array.from(label), score: Float32Array.from(probability) };
  const perUser = userAucs(ranked, ordinal, users.size);
  return {
    auc: auc(ranked),
    gauc: gauc(perUser).gauc,
    logloss: logloss(Float32Array.from(probability, logitOf), ranked.label),
  };
}

function figures(found: readonly Figures[]): string[] {
  return (["auc", "gauc", "logloss"] as const).map((name) => {
    const all = found.map((one) => one[name]);
    const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
    if (all.length === 1) {
      return mean.toFixed(4);
    }
    const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (all.length - 1));
    return `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`;
  });
}
