// Bundles the command line and the library entries into dist/. Start-up is the reason: chevrotain unbundled costs 0.3 s.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const rooms = ["grammar", "compiler", "runtime", "cli"];

/** Newest change of any source, in milliseconds. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

/** True where dist/ is missing or older than a source. A package that was installed has no sources and is never stale. */
export function stale() {
  if (!existsSync(join(root, "cli", "main.ts"))) return false;
  const bundle = join(dist, "twin.js");
  if (!existsSync(bundle)) return true;
  const made = statSync(bundle).mtimeMs;
  return rooms.some((room) => newest(join(root, room)) > made) || statSync(join(root, "package.json")).mtimeMs > made;
}

export async function bundle() {
  const { build } = await import("esbuild");
  const { default: metadata } = await import(pathToFileURL(join(root, "package.json")).href, {
    with: { type: "json" },
  });
  const staging = join(root, `.twin-bundle-${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging);
  try {
    await build({
      absWorkingDir: root,
      entryPoints: {
        twin: "cli/main.ts",
        compiler: "compiler/index.ts",
        runtime: "runtime/index.ts",
        "rank-worker": "runtime/workers/worker.ts",
        "project-worker": "runtime/build-table/worker.ts",
      },
      outdir: staging,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20.19",
      external: ["onnxruntime-node", "onnx-proto", "@duckdb/node-api"],
      minify: true,
      legalComments: "none",
      // Bundled CommonJS (commander, yaml) asks for Node's own modules by `require`.
      banner: {
        js: 'import { createRequire as twinRequire } from "node:module"; const require = twinRequire(import.meta.url);',
      },
      define: { TWIN_VERSION: JSON.stringify(metadata.version) },
      logLevel: "error",
    });
    rmSync(dist, { recursive: true, force: true });
    renameSync(staging, dist);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
