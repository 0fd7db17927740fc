// The quickstart in folders that hold something: it trains anew where it has trained before, and touches nothing of anybody's.
// What it learns and finds is held in pack.test.ts, where it runs as a user has it.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { refused, twin } from "../kit/cli.ts";

afterAll(cleanUp);

/** A folder of a run with these files. */
function withRun(...names: readonly string[]): string {
  const folder = join(temporary(), "quick");
  mkdirSync(join(folder, "run"), { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, "run", name), "");
  }
  return folder;
}

it("trains anew where it has trained before", { timeout: 120_000 }, async () => {
  const folder = withRun("run.yaml", "old");
  // Stopped once the run of before is gone and one of its own has begun: what follows is the same as in any folder.
  const { code, stdout, stderr } = await twin(["quickstart", folder], {
    started(child) {
      const timer = setInterval(() => {
        if (child.exitCode !== null || existsSync(join(folder, "run/metrics.jsonl"))) {
          clearInterval(timer);
          child.kill("SIGINT");
        }
      }, 20);
    },
  });
  expect(code, stderr).toBe(130);
  expect(stdout).toContain("\n— train");
  expect(existsSync(join(folder, "run/old"))).toBe(false);
});

it("refuses a run's folder that is none of its own", async () => {
  const folder = withRun("mine");
  await refused(1, ["quickstart", folder, "--steps", "1"], [join(folder, "run")], /example data/);
  expect(existsSync(join(folder, "run/mine"))).toBe(true);
});
