// The gate: what each addition to a model gains on real data, by the command line as a user would, beside the opponents that
// need no attention: logistic regression and gradient boosting on the same counters.
//   TWIN_PYTHON=… npx tsx bench/gate.ts [--sets movielens,assistments] [--arms "base,+ stats"] [--few 2] [--many 5] [--folder DIR]
//     [--epochs 2] [--gained stats,match]
// First, on a fifth of the users and one epoch, settings are chosen, and additions one after the other where they gain on the
// validation part. Then, on all users: many seeds of the base, of all, of what was chosen and of the best three others on the
// validation part; few of the rest. Reads ../shared/data; the data sets are no part of the project. A trial that is done is kept
// in the folder and not run again. `--epochs` trains all arms longer, at most so many, and ends a run that has not gained in three
// evaluations; `--gained` names what is taken, in place of choosing it.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { comparePairs, type ScoredRows } from "../runtime/metrics/many-systems.ts";
import { table } from "./measure.ts";
import { arms } from "./quality/arms.ts";
import { chosen, named } from "./quality/choose.ts";
import { type DataSet, dataSets, setsHere, workFolder } from "./quality/data-sets.ts";
import { Measured, type System } from "./quality/measured.ts";
import type { ModelParts } from "./quality/model-parts.ts";
import { opponents } from "./quality/opponents.ts";

const { values } = parseArgs({
  options: {
    sets: { type: "string", default: dataSets.map(({ name }) => name).join() },
    arms: { type: "string", default: "" },
    few: { type: "string", default: "2" },
    many: { type: "string", default: "5" },
    folder: { type: "string", default: join(tmpdir(), "twin-gate") },
    epochs: { type: "string" },
    gained: { type: "string" },
  },
});
const [few, many] = [Number(values.few), Number(values.many)];
const asked = values.arms.split(",").filter((name) => name !== "");
const known = [...arms.map(({ name }) => name), "+ what gained", "opponents"];
const unknown = asked.find((name) => !known.includes(name));
if (unknown !== undefined) {
  throw new Error(`there is no arm ${unknown}; there are: ${known.join(", ")}`);
}
const always = ["base", "+ all", "+ what gained"];
const wanted = (name: string): boolean => asked.length === 0 || asked.includes(name);

for (const set of setsHere(values.sets)) {
  await measure(set);
}

async function measure(set: DataSet): Promise<void> {
  const folder = workFolder(values.folder, set.name);
  const choice =
    values.gained === undefined
      ? await chosen(set, workFolder(values.folder, `${set.name}-fifth`))
      : named(values.gained.split(","));
  const longer: ModelParts["train"] =
    values.epochs === undefined ? {} : { epochs: values.epochs, stop: "stop(3, on: auc)" };
  const all = await Measured.open(set, folder, choice, longer);
  const measured = [...arms, choice.gained].filter((arm) => wanted(arm.name) && all.has(arm));
  const systems: System[] = [];
  for (const arm of measured) {
    systems.push(await all.run(arm, few));
  }
  const best = systems
    .filter(({ name }) => !always.includes(name))
    .sort((a, b) => b.validation - a.validation)
    .slice(0, 3)
    .map(({ name }) => name);
  for (const [i, { name }] of systems.entries()) {
    if (always.includes(name) || best.includes(name)) {
      systems[i] = await all.run(measured[i], many);
    }
  }
  if (wanted("opponents")) {
    systems.push(...(await opponents(set, folder, all.countedRows(), many, await all.scoredRows())));
  }
  print(set, systems, choice, await all.scoredRows());
}

function print(
  set: DataSet,
  systems: readonly System[],
  { notes }: { notes: readonly string[] },
  rows: ScoredRows,
): void {
  console.log(
    `\n${set.name}: label \`${set.label}\`, test part, all ${rows.users} users, ${rows.label.length} rows; mean ± standard deviation of the seeds`,
  );
  console.log(notes.join("\n"));
  const ours = systems.filter(({ opponent }) => !opponent).sort((a, b) => b.validation - a.validation)[0];
  const lines = [
    ["", "AUC", "GAUC", "logloss", "seeds", "trials", "s a run", `AUC, ${ours.name} −`, `GAUC, ${ours.name} −`],
  ];
  for (const system of systems) {
    const pairs = comparePairs(rows, [ours.scores, system.scores]);
    const [[auc], [gauc]] = [pairs.auc, pairs.gauc];
    const shown = ({ difference, low, high }: typeof auc) =>
      system === ours ? "" : `${difference.toFixed(4)} (${low.toFixed(4)} … ${high.toFixed(4)})`;
    const { name, figures, seeds, trials, seconds } = system;
    lines.push([name, ...figures, `${seeds}`, `${trials}`, seconds.toFixed(0), shown(auc), shown(gauc)]);
  }
  console.log(table(lines));
  console.log("In brackets the middle 95 % of 1,000 draws of the users, the same for both, and of each one's runs.");
}
