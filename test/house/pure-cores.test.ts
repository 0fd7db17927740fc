// The cores and the compiler run anywhere: bundled for a browser they ask for no module of Node and no native package.
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

const threads = ["serve-calls", "crew", "queue"].map((file) => `runtime/threads/${file}.ts`);

const cores = ["kernel", "request", "learn", "hit-rate", "planted"].map((room) => `runtime/${room}/index.ts`);

// All of them at work, in a realm without Node: test/runtime/host-free.test.ts.
const entries = [...cores, "runtime/web/folder.ts", "compiler/index.ts", "test/kit/host-free-program.ts", ...threads];

it.each(entries)("%s", async (entry) => {
  const { metafile, errors } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    supported: { "top-level-await": true },
    define: { TWIN_VERSION: '"0"' },
    logLevel: "silent",
  });
  expect(errors).toEqual([]);
  const outside = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter((one) => one.external && one.path !== "<runtime>"),
  );
  expect(outside.map(({ path }) => path)).toEqual([]);
  const native = Object.keys(metafile.inputs).filter((path) =>
    /\.node$|onnxruntime-node|@duckdb|worker_threads/.test(path),
  );
  expect(native).toEqual([]);
});

it("sees a module of Node where there is one", async () => {
  const bundled = build({
    absWorkingDir: root,
    entryPoints: ["runtime/host/files.ts"],
    bundle: true,
    write: false,
    platform: "browser",
    logLevel: "silent",
  });
  await expect(bundled).rejects.toThrow(/node:fs/);
});
