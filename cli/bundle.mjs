// Bundles the command line and the library entries into dist/. Start-up is the reason: chevrotain unbundled costs 0.3 s.
// With --package (when it is packed): from an empty dist/, and with the declarations of the library's types.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertCompiled } from "../kernel/build.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const rooms = ["contract", "grammar", "compiler", "kernel", "runtime", "cli"];

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
  if (!existsSync(join(root, "cli", "main.ts"))) {
    return false;
  }
  const bundle = join(dist, "twin.js");
  if (!existsSync(bundle)) {
    return true;
  }
  const made = statSync(bundle).mtimeMs;
  return rooms.some((room) => newest(join(root, room)) > made) || statSync(join(root, "package.json")).mtimeMs > made;
}

/** Bundles of which no process can still want a part. */
const forgotten = 10 * 60 * 1000;

/**
 * Parts have their content's hash in their name: they go in first, then the entries, each by one rename. So a process
 * that runs from dist/ while another one bundles finds every part that it asks for.
 */
function publish(staging, begun) {
  mkdirSync(dist, { recursive: true });
  const names = readdirSync(staging);
  const isPart = (name) => /-[A-Z0-9]{8}\.js$/.test(name);
  const time = new Date(begun);
  for (const name of [...names.filter(isPart), ...names.filter((one) => !isPart(one))]) {
    // As old as the sources that it was made from: one that changed meanwhile makes it stale.
    utimesSync(join(staging, name), time, time);
    renameSync(join(staging, name), join(dist, name));
  }
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    if (isPart(name) && !names.includes(name) && statSync(path).ctimeMs < begun - forgotten) {
      rmSync(path, { force: true });
    }
  }
}

/** Declarations of the library's types, into dist/types. */
function declare() {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const options = ["--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--noEmit", "false"];
  const places = ["--rootDir", root, "--outDir", join(dist, "types")];
  const entries = [
    "compiler/index.ts",
    "runtime/index.ts",
    "runtime/web/index.ts",
    "runtime/web/worker.ts",
    "runtime/web/lane-worker.ts",
  ];
  const settings = ["--ignoreConfig", "--target", "es2023", "--module", "nodenext", "--strict", "--skipLibCheck"];
  const more = ["--exactOptionalPropertyTypes", "--verbatimModuleSyntax", "--types", "node"];
  const { status } = spawnSync(tsc, [...entries, ...settings, ...more, ...options, ...places], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    throw new Error("the declarations of the types could not be made");
  }
}

/** How the bundle is made, apart from where it goes. */
export function bundleOptions(version) {
  return {
    absWorkingDir: root,
    entryPoints: {
      twin: "cli/main.ts",
      compiler: "compiler/index.ts",
      runtime: "runtime/index.ts",
      "check-worker": "runtime/serve/check-worker.ts",
      "rank-worker": "runtime/serve/workers/worker.ts",
      "project-worker": "runtime/build-table/worker.ts",
      "train-worker": "runtime/train/worker.ts",
      "lane-worker": "runtime/serve/workers/lane.ts",
    },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: ["onnxruntime-node", "onnx-proto", "@duckdb/node-api", "ioredis"],
    minify: true,
    legalComments: "none",
    // Bundled CommonJS (commander, yaml) asks for Node's own modules by `require`.
    banner: {
      js: 'import { createRequire as twinRequire } from "node:module"; const require = twinRequire(import.meta.url);',
    },
    define: { twinVersion: JSON.stringify(version) },
    logLevel: "error",
  };
}

/** What a page loads, and its worker; the library beside them is the user's own, in the build for the provider that is found. */
export const webBundleOptions = {
  absWorkingDir: root,
  entryPoints: {
    web: "runtime/web/index.ts",
    "web-worker": "runtime/web/worker.ts",
    "web-lane": "runtime/web/lane-worker.ts",
  },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  external: ["onnxruntime-web/webgpu", "onnxruntime-web/wasm"],
  minify: true,
  legalComments: "none",
  logLevel: "error",
};

export async function bundle() {
  const begun = Date.now();
  await assertCompiled(join(root, "runtime", "kernel", "bytes.ts"));
  const { build } = await import("esbuild");
  const { default: metadata } = await import(pathToFileURL(join(root, "package.json")).href, {
    with: { type: "json" },
  });
  const staging = join(root, `.twin-bundle-${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging);
  try {
    await build({ ...bundleOptions(metadata.version), outdir: staging });
    await build({ ...webBundleOptions, outdir: staging });
    publish(staging, begun);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const whole = process.argv.includes("--package");
  if (whole) {
    rmSync(dist, { recursive: true, force: true });
  }
  await bundle();
  if (whole) {
    declare();
  }
}
