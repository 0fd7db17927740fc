// `npm test`: types, style, then every test of a tier; says what was left out and why, what took longest, and at its end
// one line that counts them all. `--tier=fast|full|long` chooses, what follows goes to vitest.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const args = process.argv.slice(2);
const tier = args[0]?.startsWith("--tier=") ? args.shift().slice("--tier=".length) : "full";
const flags = { fast: { TWIN_FAST: "1" }, full: {}, long: { TWIN_LONG: "1" } }[tier];
if (flags === undefined) {
  console.error(`no tier is called ${tier}: there are fast, full and long`);
  process.exit(1);
}
/** Minutes that a tier may take on two idle processors; the long one takes what it takes. */
const share = { fast: 5, full: 20 }[tier];
const strict = Boolean(process.env.TWIN_REQUIRE_ALL);

const bin = (name) => join("node_modules", ".bin", name);
const scratch = mkdtempSync(join(tmpdir(), "twin-test-"));
const start = performance.now();
let [passed, failed, skipped] = [0, 0, 0];
/** Titles of what failed, said again at the end: what stands at the beginning of a long run is not seen there. */
const broken = [];

function step(title, command, args, environment = {}) {
  console.log(`\n— ${title}`);
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...environment } });
  return status === 0;
}

for (const [title, command, args] of [
  ["type check", bin("tsc"), ["--noEmit"]],
  ["lint and format", bin("biome"), ["ci", "--error-on-warnings", "."]],
]) {
  if (step(title, command, args)) {
    passed++;
  } else {
    failed++;
    broken.push(title);
  }
}

/** Runs test files, counts and says what came of them; gives those that stood still and were ended, with what they stood at. */
function tests(title, files, folder) {
  mkdirSync(folder, { recursive: true });
  const report = join(folder, "report.json");
  const before = failed;
  const whole = step(title, bin("vitest"), ["run", ...files], { ...flags, TWIN_TEST_REPORT: report });
  const list = join(folder, "still.json");
  const still = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
  if (existsSync(report)) {
    say(JSON.parse(readFileSync(report, "utf8")));
  }
  // What ends vitest itself fails the run without a failed test.
  if (!whole && failed === before && still.length === 0) {
    failed++;
    broken.push("the test runner ended without a result");
  }
  return still;
}

function say(tally) {
  passed += tally.passed;
  failed += tally.failed;
  broken.push(...tally.broken);
  skipped += tally.notRun;
  const seconds = ({ milliseconds, name }) =>
    console.log(`  ${(milliseconds / 1000).toFixed(1).padStart(6)} s  ${name}`);
  console.log("\nThe slowest tests:");
  tally.slowTests.forEach(seconds);
  console.log("\nThe slowest files:");
  tally.slowFiles.forEach(seconds);
  console.log();
  for (const { name, text } of tally.notes) {
    console.log(`The ${name}: ${text}`);
  }
  if (tally.lacking.length > 0) {
    console.log("\nLeft out, for this machine lacks something:");
  }
  for (const { file, tests, lacks } of tally.lacking) {
    skipped += tests;
    console.log(`  ${file}, ${tests} ${tests === 1 ? "test" : "tests"}: ${lacks}`);
  }
  if (tally.notRun > 0) {
    console.log(`\n${tally.notRun} tests were not run, for a filter or a failure before them.`);
  }
}

const still = tests("tests", args, scratch);
if (still.length > 0) {
  const files = still.map(({ file }) => file);
  const again = tests("what stood still, once more", files, join(scratch, "again"));
  failed += again.length;
  broken.push(...again.map(({ file }) => `${file} stood still twice`));
  console.log("\nStood still, was ended, and ran once more:");
  for (const { text } of [...still, ...again]) {
    console.log(`  ${text}`);
  }
}
rmSync(scratch, { recursive: true, force: true });

if (strict && skipped > 0) {
  console.log(`\nTWIN_REQUIRE_ALL is set: the ${skipped} that were skipped count as failed.`);
  failed += skipped;
  skipped = 0;
}
const took = (performance.now() - start) / 60_000;
const bound = share === undefined ? "" : `, of the ${share} that it may take on two idle processors`;
if (broken.length > 0) {
  console.log("\nFailed:");
  for (const title of broken) {
    console.log(`  ${title}`);
  }
}
console.log(`\nThe ${tier} tier took ${took.toFixed(1)} minutes${bound}.`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;
