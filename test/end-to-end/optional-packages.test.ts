// An install that left the native packages out: what needs none works, what needs one says what to install.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";

const app = join(temporary(), "app");
const installed = join(app, "node_modules/twin-compiler");
let dir: string;

beforeAll(async () => {
  mkdirSync(join(installed, "cli"), { recursive: true });
  for (const name of ["dist", "models", "package.json", "cli/twin.mjs"]) {
    cpSync(join(root, name), join(installed, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules/onnx-proto"), join(app, "node_modules/onnx-proto"));
  dir = await builtRanked();
});
afterAll(cleanUp);

const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: app, encoding: "utf8" });
const twin = (...args: string[]) => run(join(installed, "cli/twin.mjs"), ...args);

it("checks a model without either", () => {
  const { status, stderr } = twin("check", join(installed, "models/twin.twin"));
  expect(status, stderr).toBe(0);
});

it("says what runs graphs", () => {
  const { status, stderr } = twin("rank", dir, "--request", "none.json");
  expect(stderr).toMatch(
    /^error: onnxruntime-node, which runs graphs, is not installed here\. Install it: npm install /,
  );
  expect(status).toBe(1);
});

it("says what reads data", () => {
  writeFileSync(join(app, "data.yaml"), "format: 1\n");
  const { status, stderr } = twin("data", "check", "data.yaml", "--model", join(installed, "models/twin.twin"));
  expect(stderr).toMatch(
    /^error: @duckdb\/node-api, which reads data, is not installed here\. Install it: npm install /,
  );
  expect(status).toBe(1);
});

it("says it to a program that ranks by the library", () => {
  const program = `
    import { load, TwinError } from "twin-compiler/runtime";
    const twin = await load(${JSON.stringify(dir)});
    const user = await twin.prepare(${JSON.stringify(someUser(3))});
    await user.rank(${JSON.stringify(someCandidates(2))}).catch((error) => {
      console.log(error instanceof TwinError, error.message);
    });`;
  const { stdout, stderr } = run("--input-type=module", "-e", program);
  expect(stdout, stderr).toMatch(
    /^true onnxruntime-node, which runs graphs, is not installed here\. Install it: npm install /,
  );
});
