// Quality on real data: TWIN with the whole history, with the newest 100 behaviours, with none, and a plain baseline.
// npm run bench:quality -- [--sets movielens,assistments] [--seeds 3] [--folder DIR]
// Reads ../shared/data; the data sets are not part of this project. Runs are kept in the folder and resumed from it.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { auc, gauc, userAucs } from "../runtime/metrics/auc.ts";
import { logitOf, logloss } from "../runtime/metrics/logloss.ts";
import { table } from "./measure.ts";
import { baseline } from "./quality/baseline.ts";
import { type DataSet, dataSets, setsHere, workFolder } from "./quality/data-sets.ts";
import { type Past, textOf } from "./quality/model-parts.ts";
import { type Figures, shown, tried } from "./quality/trial.ts";

const { values } = parseArgs({
  options: {
    sets: { type: "string", default: dataSets.map(({ name }) => name).join() },
    seeds: { type: "string", default: "3" },
    folder: { type: "string", default: join(tmpdir(), "twin-quality") },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const pasts: readonly Past[] = ["whole", "newest 100", "none"];

for (const set of setsHere(values.sets)) {
  await measure(set);
}

async function measure(set: DataSet): Promise<void> {
  const folder = workFolder(values.folder, set.name);
  const data = (await set.bind(folder)).plain;
  console.log(`\n${set.name}: label \`${set.label}\`, test part; mean ± standard deviation of ${seeds.length} seeds`);
  const rows = [["", "AUC", "GAUC", "logloss"]];
  const plain = await baseline(set.baseline(folder));
  rows.push(["logistic regression on rates", ...shown([plainFigures(plain)])]);
  for (const past of pasts) {
    const found = seeds.map((seed) => trained(set, past, seed, folder, data));
    rows.push([
      `TWIN, ${past === "none" ? "no history" : `${past}${past === "whole" ? " history" : ""}`}`,
      ...shown(found),
    ]);
  }
  console.log(table(rows));
}

function trained(set: DataSet, past: Past, seed: number, folder: string, data: string): Figures {
  const called = past.replace(" ", "-");
  return tried({
    stem: join(folder, `${called}-${seed}`),
    text: textOf(set.model(past), seed),
    data,
    cache: join(folder, `prepared-${called}`),
  }).test;
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
