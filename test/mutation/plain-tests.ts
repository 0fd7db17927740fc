// Which tests run against mutants: of JavaScript alone, none of the slow tier. Native code, threads and processes cost seconds
// a mutant, and take the runner with them; a test that bundles sources finds them changed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { slow } from "../tiers.ts";

const folders = ["test/contract", "test/grammar", "test/format", "test/compiler", "test/runtime"];
const heavy = /from\s+["'](onnxruntime-node|@duckdb\/node-api|esbuild|node:worker_threads|node:child_process)["']/;

/** They reach threads by an import alone, and start none. */
const light = ["test/runtime/table-rows.test.ts", "test/runtime/table-store.test.ts"];

/** They take too long for what they decide of one mutant, or need vitest's own worker: mocks, snapshots. */
const apart = [
  ...["passes/scores", "facts/facts", "train/gradient", "diff", "compile-phases", "passes/page"].map(
    (name) => `test/compiler/${name}.test.ts`,
  ),
  "test/grammar/rules.test.ts",
];

/** All that a file loads, itself too; what it names as a type alone is not loaded. */
function loaded(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (!found.has(path) && existsSync(path)) {
    found.add(path);
    const text = readFileSync(path, "utf8");
    for (const [, name] of text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+["'](\.[^"']+)["']/gm)) {
      loaded(join(dirname(path), name), found);
    }
  }
  return found;
}

/** The tests that load one of some files, as paths from the folder they are run in. */
export function testsThatReach(files: readonly string[]): string[] {
  const names = files.map((file) => relative(".", file));
  return folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(".test.ts") && !path.endsWith(".long.test.ts"))
    .filter((path) => ![...slow, ...apart].includes(path))
    .filter((path) => {
      const reached = [...loaded(path)];
      const plain = light.includes(path) || !reached.some((one) => heavy.test(readFileSync(one, "utf8")));
      return plain && names.some((name) => reached.includes(name));
    })
    .sort();
}
