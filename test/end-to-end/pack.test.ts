// The package as a user gets it: packed, installed into an empty folder, run there, imported there, its types checked.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";

const folder = temporary();
const modules = join(folder, "app/node_modules");
const installed = join(modules, "twin-compiler");
const app = join(folder, "app");
const shell = { cwd: app, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } } as const;

/**
 * Packed from a copy of the sources, so that no test that runs beside this one loses its bundle. Its dependencies are
 * linked from this checkout, at the versions of its lock file: no registry is asked.
 */
beforeAll(() => {
  const copy = join(folder, "checkout");
  mkdirSync(copy);
  const wanted = [
    "cli",
    "compiler",
    "contract",
    "docs",
    "examples",
    "grammar",
    "models",
    "runtime",
    "README.md",
    "LICENSE",
    "package.json",
  ];
  for (const name of wanted) {
    if (existsSync(join(root, name))) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts=false", "--pack-destination", folder], {
    cwd: copy,
    stdio: "pipe",
  });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  execFileSync("tar", ["xzf", join(folder, tarball), "-C", installed, "--strip-components", "1"]);
  mkdirSync(join(modules, "@types"));
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), "@types/node"]) {
    mkdirSync(join(modules, name, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
}, 120_000);
afterAll(cleanUp);

describe("the installed package", () => {
  it("holds what is run and read, and no sources, tests or tools", () => {
    const top = readdirSync(installed).sort();
    expect(top).toEqual(expect.arrayContaining(["LICENSE", "README.md", "cli", "dist", "models", "package.json"]));
    expect(readdirSync(join(installed, "cli"))).toEqual(["twin.mjs"]);
    for (const name of ["compiler", "contract", "grammar", "runtime", "test", "bench"]) {
      expect(top).not.toContain(name);
    }
    for (const file of readdirSync(join(installed, "dist")).filter((name) => name.endsWith(".js"))) {
      expect(readFileSync(join(installed, "dist", file), "utf8"), file).not.toContain(root);
    }
  });

  it("runs the whole path in an empty folder", () => {
    const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(installed, bin.twin), "quickstart", "first", "--steps", "10"],
      shell,
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("why the first is first");
    expect(stdout).toMatch(/^next: npx -p twin-compiler twin rank first/m);
    expect(existsSync(join(app, "first/twin/manifest.yaml"))).toBe(true);
    expect(readdirSync(installed)).not.toContain("build");
  });

  it("gives load and compile, which work on what the command line has made", () => {
    writeFileSync(
      join(app, "use.mjs"),
      `import { readFileSync } from "node:fs";
import { compile } from "twin-compiler/compiler";
import { load, TwinError } from "twin-compiler/runtime";
const source = "model tiny\\nitem {\\n  video: id(vocab: 10, dim: 4, key: true)\\n}\\ntower ranking {\\n  input:  [item]\\n  hidden: [4]\\n  predict {\\n    click: binary\\n  }\\n}\\n";
const { files, diagnostics } = compile("tiny.twin", { resolve: () => source, version: "1.0.0" });
if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics.map(({ title }) => title)));
const { user, time, history, context, candidates } = JSON.parse(readFileSync("first/request.json", "utf8"));
const twin = await load("first/twin", { workers: 1 });
const prepared = await twin.prepare({ user, time, history });
const { scores } = await prepared.rank({ context, candidates });
await twin.close();
const refused = await load("nowhere").catch((error) => error);
console.log(JSON.stringify({ files: files.length, ranked: scores.click.length, error: refused instanceof TwinError }));
`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ["use.mjs"], shell);
    expect(status, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toEqual({ files: expect.any(Number), ranked: 100, error: true });
    expect(result.files).toBeGreaterThan(3);
  });

  it("types its exports: right use compiles, wrong use does not", () => {
    const settings = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    const check = (name: string, text: string) => {
      writeFileSync(join(app, name), text);
      const tsc = join(root, "node_modules/.bin/tsc");
      return spawnSync(tsc, [name, "--ignoreConfig", ...settings], shell);
    };
    const right = check(
      "right.ts",
      `import { compile } from "twin-compiler/compiler";
import { load, type Ranking } from "twin-compiler/runtime";
const { files } = compile("a.twin", { resolve: (path: string) => path, version: "1.0.0" });
export const sizes: number[] = files.map((file) => file.bytes);
const twin = await load("dir", { providers: ["cpu"], maxStaleness: "15min" });
const prepared = await twin.prepare({ history: { item: [1n, 2n] } });
export const ranking: Ranking = await prepared.rank({ candidates: { item: ["1"] } });
export const click: Float32Array = ranking.scores.click;
`,
    );
    expect(right.stdout).toBe("");
    expect(right.status).toBe(0);
    const wrong = check(
      "wrong.ts",
      'import { load } from "twin-compiler/runtime";\nawait load(7);\nawait load("dir", { provider: ["cpu"] });\n',
    );
    expect(wrong.status).not.toBe(0);
    expect(wrong.stdout).toMatch(/wrong\.ts\(2,/);
    expect(wrong.stdout).toMatch(/wrong\.ts\(3,/);
  });
});
