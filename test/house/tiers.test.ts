// The tiers of the tests: nothing is skipped unsaid, flags are known, and what `npm test` counts is what happened.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Node, parseSync, Visitor } from "oxc-parser";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Tally } from "../kit/tally.ts";
import { stoodStill } from "../kit/watchdog.ts";
import { first, slow } from "../tiers.ts";

const root = join(import.meta.dirname, "../..");
const tests = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "test"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => /\.(ts|mjs)$/.test(path) && existsSync(join(root, path)));
const text = (path: string) => readFileSync(join(root, path), "utf8");

const forbidden = ["skip", "skipIf", "runIf", "todo", "only"];

/** Where a test is left out otherwise than by `needs`. */
function skips(path: string, source: string): string[] {
  const found: string[] = [];
  const add = (how: string) => found.push(`${path}: ${how}`);
  /** What a call begins with: `it` of `it.each([])("…")`. */
  const root = (node: Node): string => {
    if (node.type === "CallExpression") {
      return root(node.callee);
    }
    if (node.type === "MemberExpression") {
      return root(node.object);
    }
    return node.type === "Identifier" ? node.name : "";
  };
  const names = (properties: readonly Node[]) =>
    properties.flatMap((one) => (one.type === "Property" && one.key.type === "Identifier" ? [one.key.name] : []));
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) {
    throw new Error(`${path}: ${errors[0].message}`);
  }
  new Visitor({
    MemberExpression(node) {
      if (node.property.type !== "Identifier" || !forbidden.includes(node.property.name)) {
        return;
      }
      if (["it", "describe", "test", "context"].includes(root(node))) {
        add(node.property.name);
      }
    },
    CallExpression(node) {
      if (!["it", "describe", "test"].includes(root(node))) {
        return;
      }
      for (const argument of node.arguments) {
        const given =
          argument.type === "ObjectExpression"
            ? argument.properties
            : argument.type === "ArrowFunctionExpression" && argument.params[0]?.type === "ObjectPattern"
              ? argument.params[0].properties
              : [];
        for (const name of names(given)) {
          if (forbidden.includes(name)) {
            add(name);
          }
        }
      }
    },
  }).visit(program);
  return found;
}

describe("a test", () => {
  it("is skipped by `needs` alone", () => {
    const found = tests.filter((path) => path !== "test/kit/needs.ts").flatMap((path) => skips(path, text(path)));
    expect(found).toEqual([]);
    // The rule sees each way that there is.
    const ways = [
      ...["skip", "only"].map((word) => `it.${word}('a', f)`),
      ...["describe.skipIf(x).each([])('a', f)", "it.each([])('a', { skip: x }, f)", "test.runIf(x)('a', f)"],
      ...["it.todo('a')", "it('a', ({ skip }) => f(skip))"],
      "it('a', (context) => context.skip(x))",
    ];
    expect(ways.filter((way) => skips("way.ts", way).length !== 1)).toEqual([]);
    expect(skips("way.ts", "it('a', needs('webgpu'), f); lines.skip; g({ skip: 1 })")).toEqual([]);
  });

  it("knows its flags by one place, and docs/tests.md says what they do", () => {
    const readers = [
      ...["test/kit/effort.ts", "test/kit/needs.ts", "test/kit/chromium.ts", "test/kit/own-folder.ts", "test/run.mjs"],
      ...["test/kit/redis.ts", "test/kit/watchdog.ts", "test/house/tiers.test.ts"],
    ];
    const elsewhere = tests.filter((path) => !readers.includes(path) && /process\.env\.TWIN_/.test(text(path)));
    expect(elsewhere).toEqual([]);
    const flags = new Set(
      readers.flatMap((path) => [...text(path).matchAll(/\bTWIN_[A-Z_]+\b/g)].map(([flag]) => flag)),
    );
    const passedOn = ["TWIN_VERSION", "TWIN_FAST", "TWIN_TEST_REPORT", "TWIN_TEST_FOLDER", "TWIN_"];
    const page = text("docs/tests.md");
    expect([...flags].filter((flag) => !passedOn.includes(flag) && !page.includes(`\`${flag}`))).toEqual([]);
  });

  it("that is slow or begins first is there, and so is what mutation testing changes", () => {
    const absent = (paths: readonly string[]) =>
      paths.filter((path) => !existsSync(join(root, path.replace(/\/\*\*$/, ""))));
    expect(absent([...slow, ...first])).toEqual([]);
    expect(absent(JSON.parse(text("test/mutation/decisive.json")))).toEqual([]);
  });
});

describe("a thing that the machine may lack", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  /** `needs` of a machine without a browser. */
  async function asked(strict: boolean): Promise<typeof import("../kit/needs.ts").needs> {
    vi.resetModules();
    vi.stubEnv("TWIN_TEST_FOLDER", undefined);
    vi.stubEnv("TWIN_CHROMIUM", join(root, "no-such-browser"));
    vi.stubEnv("TWIN_REQUIRE_ALL", strict ? "1" : undefined);
    return (await import("../kit/needs.ts")).needs;
  }

  it("is told with the reason and the way to it", async () => {
    const needs = await asked(false);
    const lacks =
      "Chromium (no program of that name starts; install Chromium or Chrome, or name its program in TWIN_CHROMIUM)";
    expect(needs("chromium")).toEqual({ skip: true, meta: { lacks } });
  });

  it("fails where all is required", async () => {
    const needs = await asked(true);
    expect(() => needs("chromium")).toThrow(/TWIN_REQUIRE_ALL is set, and here is not Chromium \(.*install/);
  });
});

describe("the count of a run", () => {
  it("is of what happened: passed, failed, left out, not loaded, not reached", { timeout: 120_000 }, () => {
    // Beside the sources, so that vitest is found from there.
    mkdirSync(join(root, "build"), { recursive: true });
    const folder = mkdtempSync(join(root, "build/tally-"));
    try {
      const files: Readonly<Record<string, string>> = {
        "vitest.config.ts": `
          import { tally } from "../../test/kit/tally.ts";
          export default { test: { include: ["*.check.ts"], reporters: [tally("${folder}/tally.json")] } };`,
        "good.check.ts": `
          import { describe, expect, it } from "vitest";
          it("is good", () => expect(1).toBe(1));
          it("is bad", () => expect(1).toBe(2));
          const lacking = { skip: true, meta: { lacks: "a unicorn" } };
          describe("with a unicorn", lacking, () => { it.each([1, 2])("%i", () => undefined); });
          it("needs one too", lacking, () => undefined);`,
        "unloaded.check.ts": "throw new Error('not loaded');",
        "hook.check.ts": `
          import { beforeAll, describe, it } from "vitest";
          describe("after a hook", () => {
            beforeAll(() => { throw new Error("hook"); });
            it("is not reached", () => undefined);
          });`,
      };
      for (const [name, source] of Object.entries(files)) {
        writeFileSync(join(folder, name), source);
      }
      const vitest = join(root, "node_modules/vitest/vitest.mjs");
      const { status } = spawnSync(process.execPath, [vitest, "run", "--root", folder], { encoding: "utf8" });
      expect(status).toBe(1);
      const found = JSON.parse(readFileSync(join(folder, "tally.json"), "utf8")) as Tally;
      expect(found).toMatchObject({
        passed: 1,
        failed: 3,
        lacking: [{ file: "good.check.ts", tests: 3, lacks: "a unicorn" }],
        notRun: 1,
      });
      expect([...found.broken].sort()).toEqual(["good.check.ts: is bad", "hook.check.ts", "unloaded.check.ts"]);
      expect(found.slowTests.map(({ name }) => name)).toContain("good.check.ts: is good");
      expect(found.slowFiles).toHaveLength(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is of all that did not stand still, which is ended and named with its test", { timeout: 120_000 }, () => {
    mkdirSync(join(root, "build"), { recursive: true });
    const folder = mkdtempSync(join(root, "build/still-"));
    const report = join(folder, "report.json");
    try {
      const files: Readonly<Record<string, string>> = {
        "vitest.config.ts": `
          import { tally } from "../../test/kit/tally.ts";
          import { watchdog } from "../../test/kit/watchdog.ts";
          export default { test: {
            include: ["*.check.ts"], setupFiles: ["../../test/kit/seed.ts"], pool: "forks", isolate: false, maxWorkers: 2,
            reporters: [watchdog("${folder}", 12), tally("${report}")],
          } };`,
        "busy.check.ts": `
          import { it } from "vitest";
          it("ends", () => undefined);
          it("is busy for ever", () => { for (;;) Math.random(); });`,
        "waits.check.ts": `
          import { spawnSync } from "node:child_process";
          import { it } from "vitest";
          it("waits for a program", () => void spawnSync("sleep", ["99"]));`,
        "good.check.ts": `
          import { it } from "vitest";
          it("is good", () => undefined);`,
      };
      for (const [name, source] of Object.entries(files)) {
        writeFileSync(join(folder, name), source);
      }
      const vitest = join(root, "node_modules/vitest/vitest.mjs");
      const env = { ...process.env, TWIN_TEST_REPORT: report };
      const { status } = spawnSync(process.execPath, [vitest, "run", "--root", folder], { encoding: "utf8", env });
      expect(status).toBe(1);
      const still = [...stoodStill(folder)].sort((a, b) => (a.file < b.file ? -1 : 1));
      expect(still.map(({ file }) => file)).toEqual(["busy.check.ts", "waits.check.ts"]);
      expect(still[0]!.text).toMatch(/^busy.check.ts stood still for 12 s, in “is busy for ever”/);
      expect(still[1]!.text).toMatch(/in “waits for a program”; processes under it: \n +\d+ \(S\) sleep 99/);
      expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ passed: 1, failed: 0, notRun: 0, broken: [] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
