// The packed file as a stranger installs it: by npm into an empty folder, used under every Node that is promised; and
// what a release would publish. It asks the npm registry, for dependencies and for the other versions of Node.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { copyOfSources, packed } from "../kit/packed.ts";

const folder = temporary();
const app = join(folder, "app");
const program = `import { readFileSync } from "node:fs";
import { compile } from "twin-compiler/compiler";
import { load } from "twin-compiler/runtime";
import { load as open } from "twin-compiler/web";
const source = "model tiny\\n";
const { diagnostics } = compile("tiny.twin", { resolve: () => source, version: "1.0.0" });
const { user, time, history, context, candidates } = JSON.parse(readFileSync(process.argv[2] + "/request.json", "utf8"));
const twin = await load(process.argv[2] + "/twin", { workers: 1 });
const { scores } = await (await twin.prepare({ user, time, history })).rank({ context, candidates });
await twin.close();
console.log(JSON.stringify({ node: process.versions.node.split(".")[0], diagnostics: diagnostics.length > 0, ranked: scores.click.length, web: typeof open }));
`;

beforeAll(() => {
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  writeFileSync(join(app, "use.mjs"), program);
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", packed(folder)];
  execFileSync("npm", install, { cwd: app, stdio: "pipe" });
}, 300_000);
afterAll(cleanUp);

/**
 * Node of a version: this one, or from npm into a folder of this run. A script of that package brings the program: it has to
 * run whatever is said of scripts around this test, else what is called `node` would be this one again.
 */
function nodeOf(version: string): string {
  if (process.versions.node.split(".")[0] === version) {
    return process.execPath;
  }
  const place = join(folder, `node-${version}`);
  const program = join(place, "node_modules/node/bin/node");
  if (!existsSync(program)) {
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), '{"private": true}\n');
    const install = ["install", "--ignore-scripts=false", "--no-audit", "--no-fund", `node@${version}`];
    execFileSync("npm", install, { cwd: place, stdio: "pipe" });
  }
  return program;
}

/** Runs a program under a version of Node. */
function under(version: string, ...command: string[]) {
  const { status, stdout, stderr } = spawnSync(nodeOf(version), command, {
    cwd: app,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

describe("the package from npm", () => {
  it("brings no wasm of ONNX Runtime to a server, and says what it weighs with its dependencies", () => {
    const modules = join(app, "node_modules");
    const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    console.log(`installed with dependencies: ${Math.round(bytes / 1e6)} MB in ${files.length} files`);
    expect(files.filter(({ name }) => name.startsWith("ort") && name.endsWith(".wasm"))).toEqual([]);
    expect(files.some(({ name }) => name.endsWith(".node"))).toBe(true);
    expect(bytes).toBeLessThan(450e6);
  });

  it.each(["20", "22", "24", "26"])("checks, makes the quickstart and ranks under Node %s", (version) => {
    const twin = "node_modules/twin-compiler/cli/twin.mjs";
    expect(under(version, "-p", "process.versions.node.split('.')[0]").trim()).toBe(version);
    const made = under(version, twin, "quickstart", `first-${version}`, "--steps", "10");
    expect(made).toContain("why the first is first");
    under(version, twin, "check", `first-${version}/twin.twin`);
    const result = JSON.parse(under(version, "use.mjs", `first-${version}`));
    expect(result).toEqual({ node: version, diagnostics: true, ranked: 100, web: "function" });
  });
});

describe("a release", () => {
  it("would publish as its workflow says, with what is packed", () => {
    const text = readFileSync(join(root, ".github/workflows/release.yml"), "utf8");
    const steps: { run?: string }[] = parse(text).jobs.publish.steps;
    const commands = steps.flatMap(({ run }) => (run?.startsWith("npm publish") ? [run] : []));
    expect(commands).toHaveLength(2);
    const [dry, real] = commands;
    expect(dry.replace(" --dry-run", "")).toBe(real);
    expect(real).toContain("--provenance");
    const place = join(folder, "release");
    mkdirSync(place);
    const [npm, ...rest] = dry.split(" ");
    expect(rest).toContain("--dry-run");
    const { status, stdout, stderr } = spawnSync(npm, rest, { cwd: copyOfSources(place), encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^\+ twin-compiler@/m);
    expect(stderr).toContain("dist/web.js");
    expect(stderr).toContain("CHANGELOG.md");
  });
});
