// Starts a thread's program, whether this code runs from the bundle or from its sources.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

/**
 * In the package the program is a file of its own beside the bundle. From the sources, under tsx or vitest, it is
 * TypeScript: `--import tsx` does not reach the loader of a thread, so the thread registers tsx itself.
 * @param here `import.meta.url` of the caller
 * @param source the program, relative to the caller; @param bundled its name in the package
 */
export function startThread(here: string, source: string, bundled: string, workerData: unknown): Worker {
  if (!here.endsWith(".ts")) return new Worker(new URL(`./${bundled}`, here), { workerData });
  const tsx = dirname(createRequire(here).resolve("tsx/package.json"));
  const loader = pathToFileURL(join(tsx, "dist/esm/api/index.mjs")).href;
  const program = new URL(source, here).href;
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(program)}); })`;
  return new Worker(code, { eval: true, workerData });
}
