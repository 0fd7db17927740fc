// The package as a user gets it: packed, installed into an empty folder, run there, imported there, its types checked.
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { long } from "../kit/effort.ts";
import { packed } from "../kit/packed.ts";

const folder = temporary();
const modules = join(folder, "app/node_modules");
const installed = join(modules, "twin-compiler");
const app = join(folder, "app");
/** Bytes that it may weigh, packed and unpacked: a twentieth more than it does, the selection kernel, statistics, releases, refreshes, upserts and sizing among it. Whoever needs more says why here. */
const budget = { packed: 1_450_000, unpacked: 4_700_000 };
const shell = { cwd: app, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } } as const;

let tarball = "";

/** Its dependencies are linked from this checkout, at the versions of its lock file: no registry is asked. */
beforeAll(() => {
  tarball = packed(folder);
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(app, "package.json"), '{"name": "app", "private": true, "type": "module"}\n');
  execFileSync("tar", ["xzf", tarball, "-C", installed, "--strip-components", "1"]);
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

  describe("runs the quickstart in an empty folder, which", quickstart);

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

  it("is sound to publint and to are-the-types-wrong, as a package of ES modules alone", () => {
    const tool = (name: string, ...more: string[]) => spawnSync(join(root, "node_modules/.bin", name), more, shell);
    const lint = tool("publint", "run", tarball, "--strict");
    expect(lint.status, lint.stdout + lint.stderr).toBe(0);
    expect(lint.stdout).toContain("All good!");
    const types = tool("attw", tarball, "--profile", "esm-only", "--no-emoji");
    expect(types.status, types.stdout + types.stderr).toBe(0);
    for (const entry of ["compiler", "runtime", "web", "web-worker", "web-lane"]) {
      expect(types.stdout).toContain(`"twin-compiler/${entry}"`);
    }
  });

  it("keeps to its budget of bytes", () => {
    const bytes = (path: string): number =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    const size = { packed: statSync(tarball).size, unpacked: bytes(installed) };
    console.log(`package: ${size.packed} bytes packed, ${size.unpacked} unpacked, without dependencies`);
    expect(size.packed).toBeLessThan(budget.packed);
    expect(size.unpacked).toBeLessThan(budget.unpacked);
    expect(size.packed).toBeGreaterThan(budget.packed / 2);
  });

  /** What the compiler says of these files under a way of resolving modules. */
  const compiled = (resolution: readonly string[], files: Readonly<Record<string, string>>) => {
    const settings = ["--ignoreConfig", "--noEmit", "--strict", "--target", "es2023", "--types", "node"];
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(app, name), text);
    }
    return spawnSync(join(root, "node_modules/.bin/tsc"), [...Object.keys(files), ...settings, ...resolution], shell);
  };

  const resolutions: [string, readonly string[]][] = [
    ["bundler", ["--module", "esnext", "--moduleResolution", "bundler"]],
    // In the full tier types-verb.test.ts has this one.
    ...(long ? [["nodenext", ["--module", "nodenext"]] satisfies [string, string[]]] : []),
  ];
  it.each(resolutions)(
    "types what a server and a page import under %s: right use compiles, wrong use does not",
    (_, resolution) => {
      const right = {
        "server.ts": `import { compile } from "twin-compiler/compiler";
import { load, type Ranking } from "twin-compiler/runtime";
const { files } = compile("a.twin", { resolve: (path: string) => path, version: "1.0.0" });
export const sizes: number[] = files.map((file) => file.bytes);
const twin = await load("dir", { providers: ["cpu"], maxStaleness: "15min" });
const prepared = await twin.prepare({ history: { item: [1n, 2n] } });
export const ranking: Ranking = await prepared.rank({ candidates: { item: ["1"] } });
export const click: Float32Array = ranking.scores.click;
`,
      };
      // A server has no onnxruntime-web.
      expect(compiled(resolution, right)).toMatchObject({ status: 0, stdout: "" });
      const peer = join(modules, "onnxruntime-web");
      symlinkSync(join(root, "node_modules/onnxruntime-web"), peer);
      try {
        const page = `import { load } from "twin-compiler/web";
const twin = await load("https://models.test/twin/", { providers: ["webgpu", "wasm"], worker: true });
const prepared = await twin.prepare({ history: { item: [1n] } });
export const click: Float32Array = (await prepared.rank({ candidates: { item: ["1"] } })).scores.click;
`;
        const wrong = compiled(resolution, {
          "page.ts": page,
          "wrong.ts":
            'import { load } from "twin-compiler/runtime";\nawait load(7);\nawait load("dir", { provider: ["cpu"] });\n',
          "wrong-page.ts": 'import { load } from "twin-compiler/web";\nawait load("dir", { providers: ["cuda"] });\n',
        });
        expect(wrong.status).not.toBe(0);
        const places = [...wrong.stdout.matchAll(/^(\S+\.ts)\((\d+),/gm)].map(([, file, line]) => `${file}:${line}`);
        expect([...new Set(places)].sort()).toEqual(["wrong-page.ts:2", "wrong.ts:2", "wrong.ts:3"]);
      } finally {
        unlinkSync(peer);
      }
    },
    60_000,
  );
});

/** It takes a minute and more: of all tests this one alone goes through with it, and in the long form for as long as a user's. */
function quickstart(): void {
  let stdout: string;
  beforeAll(() => {
    const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const words = [join(installed, bin.twin), "quickstart", "first", ...(long ? [] : ["--steps", "300"])];
    const done = spawnSync(process.execPath, words, shell);
    expect(done.status, done.stderr).toBe(0);
    ({ stdout } = done);
  }, 300_000);

  it("tells the whole path", () => {
    for (const title of ["check", "train", "build", "lookup table", "evaluate", "rank 100", "why the first is first"]) {
      expect(stdout).toContain(`\n— ${title}`);
    }
    expect(existsSync(join(app, "first/run/report.html"))).toBe(true);
    expect(existsSync(join(app, "first/twin/manifest.yaml"))).toBe(true);
    expect(readdirSync(installed)).not.toContain("build");
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

  it("ends with a command that goes on", () => {
    const [, next] = /^next: npx -p twin-compiler twin (rank first.+)$/m.exec(stdout)!;
    const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const went = spawnSync(process.execPath, [join(installed, bin.twin), ...next.split(" ")], shell);
    expect(went.status, went.stderr).toBe(0);
    expect(went.stdout).toContain("score = metric + bias");
  });
}
