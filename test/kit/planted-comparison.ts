// A comparison on a planted scenario as a user runs it: `twin example`, small versions of models/compare, `twin compare`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ComparisonReport } from "../../cli/compare/report.ts";
import type { ScenarioName } from "../../runtime/planted/index.ts";
import { temporary } from "./built-twin.ts";
import { fine, root } from "./cli.ts";

/** The same but without the counts: what a search can know of them. */
const plain = "plain";

/** What makes a training take seconds; what is compared stays. */
const smaller: readonly (readonly [RegExp, string])[] = [
  [/last\(50\)/, "last(10)"],
  [/keep: 100/, "keep: 20"],
  [/max: 10k/, "max: 500"],
  [/hidden: \[200, 80\]/, "hidden: [64, 32]"],
  [/heads: 4/, "heads: 2"],
];

function smallModel(folder: string, name: string, window = 20): string {
  const own = name === plain ? "twin" : name;
  let text = readFileSync(join(root, `models/compare/${own}.twin`), "utf8");
  text = smaller.reduce((now, [from, to]) => now.replace(from, to), text).replace("last(100)", `last(${window})`);
  const file = join(folder, `${name}.twin`);
  writeFileSync(file, name === plain ? text.replace("base.twin", "base_plain.twin") : text);
  return file;
}

/**
 * AUC of the test part by model, one seed each, settings as written.
 * @param names of models/compare, or `plain`: twin without counts
 * @param window behaviours that `newest` attends to
 */
export async function plantedAucs(
  scenario: ScenarioName,
  names: readonly string[],
  users: number,
  window = 20,
): Promise<Record<string, number>> {
  const folder = temporary();
  const models = join(folder, "models");
  mkdirSync(models);
  for (const library of ["base", "features"]) {
    smallModel(models, library);
  }
  const base = readFileSync(join(models, "base.twin"), "utf8");
  writeFileSync(join(models, "base_plain.twin"), base.replace(", watched.stats", ""));
  const files = names.map((name) => smallModel(models, name, window));
  const data = join(folder, "data");
  await fine(["example", data, "--scenario", scenario, "--users", `${users}`]);
  const report = join(folder, "report");
  const how = ["--seeds", "1", "--trials", "1", "--hit-rate", "0", "--threads", "1"];
  await fine(["compare", ...files, "--data", join(data, "data.yaml"), "-o", report, ...how]);
  const { systems }: ComparisonReport = JSON.parse(readFileSync(join(report, "report.json"), "utf8"));
  return Object.fromEntries(systems.map(({ name, auc }) => [name, auc.mean]));
}
