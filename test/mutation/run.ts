// `npm run mutate`: Stryker's run, then the score by `score.ts`. Fails where a folder is noticed less than it is due.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FileScore, percent, type Report, scores } from "./score.ts";

const root = join(import.meta.dirname, "../..");
const due = 90;

function parsed<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/** Results of earlier runs stay in the report; those of code that has changed since say nothing. */
function current(report: Report): Report {
  const same = ([path, { source }]: [string, { source: string }]) =>
    existsSync(join(root, path)) && readFileSync(join(root, path), "utf8") === source;
  return { files: Object.fromEntries(Object.entries(report.files).filter(same)) };
}

const sum = (some: readonly FileScore[], of: (score: FileScore) => number) =>
  some.reduce((total, score) => total + of(score), 0);

function row(name: string, some: readonly FileScore[]): string {
  const cells = [
    percent(some).toFixed(1),
    sum(some, ({ mutants }) => mutants),
    sum(some, ({ noticed }) => noticed),
    sum(some, ({ listed }) => listed),
    sum(some, ({ living }) => living.length),
  ];
  return `| ${name} | ${cells.join(" | ")} |`;
}

const stryker = join(import.meta.dirname, "node_modules/@stryker-mutator/core/bin/stryker.js");
const config = join(import.meta.dirname, "stryker.config.mjs");
const { status } = spawnSync(process.execPath, [stryker, "run", config, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  // Stryker's processes load our test runner, and it the tests.
  env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import tsx` },
});
if (status !== 0) {
  process.exit(status ?? 1);
}

const report = current(parsed<Report>("build/mutation/report.json"));
const whole = !process.argv.some((word) => /\.ts:\d/.test(word));
const found = scores(report, parsed("test/mutation/unnoticed.json"), whole);
const folders = [...new Set(found.map(({ path }) => dirname(path)))].map(
  (folder) => [folder, found.filter(({ path }) => dirname(path) === folder)] as const,
);
console.log("\n| | % of what is due | mutants | noticed | listed | living |\n|---|---|---|---|---|---|");
for (const [folder, files] of folders) {
  console.log(row(`**${folder}**`, files));
  for (const file of files) {
    console.log(row(file.path, [file]));
  }
}
console.log(row("**all**", found));
for (const { path, living } of found) {
  if (living.length > 0) {
    console.log(`\n${path}\n  ${living.join("\n  ")}`);
  }
}
const broken = found.flatMap(({ path, broken: names }) => names.map((name) => `${path}:${name}`));
if (broken.length > 0) {
  console.log(`\nthe runner failed, build/mutation/report.json says why:\n  ${broken.join("\n  ")}`);
}
const below = folders.filter(([, files]) => percent(files) < due).map(([folder]) => folder);
if (below.length > 0) {
  console.log(`\nbelow ${due} %: ${below.join(", ")}`);
}
if (below.length + broken.length > 0) {
  process.exit(1);
}
