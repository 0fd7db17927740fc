// The quickstart learns what can be learnt of its data, finds what its oracle finds, and leaves what the next verb takes.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";

const folder = join(temporary(), "quick");
let stdout: string;

beforeAll(async () => {
  // What an earlier quickstart has left.
  mkdirSync(join(folder, "run"), { recursive: true });
  for (const name of ["run.yaml", "old"]) {
    writeFileSync(join(folder, "run", name), "");
  }
  ({ stdout } = await fine(["quickstart", folder], {}));
}, 300_000);
afterAll(cleanUp);

describe("the quickstart", () => {
  it("tells the whole path, and trains anew where it has trained before", () => {
    for (const title of ["check", "train", "build", "lookup table", "evaluate", "rank 100", "why the first is first"]) {
      expect(stdout).toContain(`\n— ${title}`);
    }
    expect(existsSync(join(folder, "run/report.html"))).toBe(true);
    expect(existsSync(join(folder, "run/old"))).toBe(false);
  });

  it("comes within 0.03 of the best possible AUC, on rows that it has not seen", () => {
    const [, rows, best] = /^AUC of click .*; the best possible on these (\S+) rows (\S+):/m.exec(stdout)!;
    const [, reached] = /^AUC of click ([\d.]+);/m.exec(stdout)!;
    expect(rows).toBe("15,000");
    expect(Number(best) - Number(reached)).toBeLessThan(0.03);
    // Clicks are drawn by chance: nothing can know them all.
    expect(Number(best)).toBeLessThan(0.95);
  });

  it("finds all that the oracle finds, with rows of full precision", () => {
    expect(stdout).toMatch(/table every item, float32: nearest: (\d+) of \1 behaviours of 100 lists/);
    expect(stdout).toContain("every search equals its oracle");
    expect(stdout).toMatch(/table as built: nearest: \d+ of \d+ behaviours/);
  });

  it("attends to the category that was planted", () => {
    const [, ofCategory] = /^planted: .*\((\S+) %\)$/m.exec(stdout)!;
    const [, attended] = /^ {2}interest: .* with (\S+) % of the attention$/m.exec(stdout)!;
    expect(Number(ofCategory)).toBeLessThan(10);
    expect(Number(attended)).toBeGreaterThan(30);
  });

  it("ends with a command that goes on", async () => {
    const [, next] = /^next: npx twin (.+)$/m.exec(stdout)!;
    expect((await fine(next.split(" "))).stdout).toContain("score = metric + bias");
  });

  it("refuses a run's folder that is none of its own", async () => {
    const other = join(temporary(), "other");
    mkdirSync(join(other, "run"), { recursive: true });
    writeFileSync(join(other, "run/mine"), "");
    await refused(1, ["quickstart", other, "--steps", "1"], [join(other, "run")], /example data/);
    expect(existsSync(join(other, "run/mine"))).toBe(true);
  });
});
