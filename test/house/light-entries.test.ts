// What starts fast or serves loads no native package before it asks for one: the bundle's entries, and what they import.
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { bundleOptions } from "../../cli/bundle.mjs";

const root = join(import.meta.dirname, "../..");
const heavy = ["@duckdb/node-api", "onnxruntime-node", "onnx-proto"];

/** Native or large packages that an entry of the bundle imports before its first line runs. */
async function heavyOf(): Promise<Map<string, string[]>> {
  const { metafile } = await build({
    ...bundleOptions("0"),
    absWorkingDir: root,
    outdir: join(root, "dist"),
    write: false,
    metafile: true,
  });
  const outputs = new Map(Object.entries(metafile.outputs));
  const reached = (path: string, seen: Set<string>): Set<string> => {
    if (!seen.has(path)) {
      seen.add(path);
      for (const one of outputs.get(path)?.imports ?? []) {
        if (one.kind !== "dynamic-import") {
          reached(one.path, seen);
        }
      }
    }
    return seen;
  };
  return new Map(
    [...outputs].flatMap(([path, { entryPoint }]) => {
      const found = reached(path, new Set());
      return entryPoint === undefined ? [] : [[entryPoint, heavy.filter((name) => found.has(name))] as const];
    }),
  );
}

it("loads what each entry needs, and no more", async () => {
  const found = await heavyOf();
  const light = ["cli/main.ts", "cli/verbs/check.ts", "cli/verbs/format.ts", "runtime/index.ts"];
  const threads = ["serve/check-worker", "serve/workers/worker", "build-table/worker", "train/worker"];
  for (const entry of [...light, ...threads.map((name) => `runtime/${name}.ts`)]) {
    expect([entry, found.get(entry)]).toEqual([entry, []]);
  }
  // The command line quietens the log of ONNX Runtime itself.
  expect(found.get("cli/verbs/rank.ts")).toEqual(["onnxruntime-node"]);
  expect(found.get("cli/verbs/build.ts")).toEqual(["onnx-proto"]);
  // It does see the database where that is wanted.
  expect(found.get("cli/verbs/data.ts")).toContain("@duckdb/node-api");
});
