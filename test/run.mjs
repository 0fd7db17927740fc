// `npm test`: types, style, then every test; ends with one line that counts them all.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const bin = (name) => join("node_modules", ".bin", name);
const scratch = mkdtempSync(join(tmpdir(), "twin-test-"));
const report = join(scratch, "report.json");
const total = { passed: 0, failed: 0, skipped: 0 };

function step(title, command, args, environment = {}) {
  console.log(`\n— ${title}`);
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...environment } });
  return status === 0;
}

for (const [title, command, args] of [
  ["type check", bin("tsc"), ["--noEmit"]],
  ["lint and format", bin("biome"), ["ci", "--error-on-warnings", "."]],
])
  total[step(title, command, args) ? "passed" : "failed"]++;

const passed = step("tests", bin("vitest"), ["run", ...process.argv.slice(2)], { TWIN_TEST_REPORT: report });
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
  total.passed += numPassedTests;
  total.failed += numFailedTests;
  total.skipped += numPendingTests + numTodoTests;
}
// A file that does not load, or an error outside of any test, fails the run without a failed test.
if (!passed && total.failed === 0) total.failed++;
rmSync(scratch, { recursive: true, force: true });

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;
