// Which tests run JavaScript alone: native code, threads and processes cost seconds a mutant, and take the runner with them;
// a test that bundles sources finds them changed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const heavy = /from\s+["'](onnxruntime-node|@duckdb\/node-api|esbuild|node:worker_threads|node:child_process)["']/;
const reached = new Map<string, boolean>();

/** Whether a source reaches anything heavy; what it names as a type alone is not loaded. */
function isHeavy(path: string): boolean {
  const known = reached.get(path);
  if (known !== undefined) {
    return known;
  }
  reached.set(path, false);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const loaded = [...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+["'](\.[^"']+)["']/gm)];
  const found = heavy.test(text) || loaded.some(([, name]) => isHeavy(join(dirname(path), name)));
  reached.set(path, found);
  return found;
}

/** The tests of some folders, as paths from the root. */
export const plainTests = (folders: readonly string[]): string[] =>
  folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => join(folder, name).replaceAll("\\", "/")),
    )
    .filter((path) => !isHeavy(join(root, path)));
