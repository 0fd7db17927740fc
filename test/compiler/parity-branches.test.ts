// The parity cases of the models of the repository go both ways at every If of their graphs.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ort from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../../compiler/index.ts";
import { parseSafetensors } from "../../contract/safetensors.ts";
import { markSides, walkOf } from "../kit/branch-sides.ts";
import { long } from "../kit/effort.ts";
import { bytesOf } from "../kit/small-model.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "twin-branches-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * What no case reaches: the walk's later ways in graphs other than `search`. They are the operator that stands in `search`, node
 * for node, and its long cases in every graph would make the file many times as large.
 */
const walksElsewhere = (graph: string, name: string) => graph !== "search" && /^nearest\/If/.test(name);

const sourceOf = (path: string, stored: boolean) => {
  const text = readFileSync(join(root, path), "utf8");
  return stored ? text.replaceAll(/precision: +\w+/g, "precision: uint8") : text;
};

async function sides(model: string, tableInput?: "float16" | "uint8") {
  const compiled = compile(`models/${model}.twin`, {
    version: "0",
    resolve: (path) => sourceOf(path, tableInput === "uint8"),
    ...(tableInput && { tableInput }),
  });
  const home = join(folder, `${model}-${tableInput}`);
  for (const file of compiled.files) {
    mkdirSync(dirname(join(home, file.path)), { recursive: true });
    writeFileSync(join(home, file.path), bytesOf(file));
  }
  const parity = readFileSync(join(home, "parity.safetensors"));
  const { entries, metadata } = parseSafetensors(parity, parity.length, "parity.safetensors");
  const places = [...new Set([...entries.keys()].map((name) => name.slice(0, name.indexOf("/"))))];
  const taken = new Map<string, Set<number>>();
  const walks = new Map<string, string>();
  for (const graph of compiled.files.map(({ path }) => path).filter((path) => path.endsWith(".onnx"))) {
    if (graph.includes("/")) {
      continue;
    }
    const name = graph.replace(".onnx", "");
    const { bytes, ifs } = markSides(readFileSync(join(home, graph)));
    if (ifs.length === 0) {
      continue;
    }
    walks.set(name, walkOf(readFileSync(join(home, graph))));
    for (const one of ifs) {
      taken.set(`${name}: ${one}`, new Set());
    }
    writeFileSync(join(home, `marked-${graph}`), bytes);
    const session = await ort.InferenceSession.create(join(home, `marked-${graph}`), { logSeverityLevel: 3 });
    const typed = /\.(float16|uint8)$/.test(name);
    for (const place of places) {
      const base = /^\w+(\.(float16|uint8)(?=\.|$))?/.exec(place)![0];
      if (base !== name || typed !== /\.(float16|uint8)(\.|$)/.test(place)) {
        continue;
      }
      const feeds: Record<string, ort.Tensor> = {};
      for (const { name: tensor, dtype, shape, start, end } of entries.values()) {
        if (!tensor.startsWith(`${place}/in/`)) {
          continue;
        }
        const data = Uint8Array.from(parity.subarray(start, end)).buffer;
        feeds[tensor.slice(place.length + 4)] =
          dtype === "F32"
            ? new ort.Tensor("float32", new Float32Array(data), shape)
            : dtype === "I32"
              ? new ort.Tensor("int32", new Int32Array(data), shape)
              : dtype === "U8"
                ? new ort.Tensor("uint8", new Uint8Array(data), shape)
                : new ort.Tensor("float16", new Uint16Array(data), shape);
      }
      const results = await session.run(feeds);
      for (const one of ifs) {
        taken.get(`${name}: ${one}`)!.add(Number(results[`side/${one}`].data[0]));
      }
    }
    await session.release();
  }
  const missing = [...taken].flatMap(([name, seen]) =>
    walksElsewhere(...(name.split(": ") as [string, string]))
      ? []
      : [1, 2].filter((one) => !seen.has(one)).map((one) => `${name} ${one === 1 ? "then" : "else"}`),
  );
  expect(metadata.near_ties).toBeUndefined();
  return { missing, walks, count: taken.size, bytes: parity.length };
}

const built = readdirSync(join(root, "models"))
  .filter((file) => file.endsWith(".twin") && file !== "features.twin")
  .map((file) => file.replace(".twin", ""))
  .filter(
    (model) => compile(`models/${model}.twin`, { version: "0", resolve: (path) => sourceOf(path, false) }).files.length,
  );

describe("both sides of every If run over the parity cases", () => {
  // The model twin below, with its tables as stored, has the graphs that it has without them, too.
  it.each(built.filter((model) => long || model !== "twin"))(
    "%s",
    async (model) => expectBoth(await sides(model)),
    60_000,
  );

  // Rows of float16 in the long form.
  it.each(long ? (["float16", "uint8"] as const) : (["uint8"] as const))(
    "twin, tables as stored: %s",
    async (type) => expectBoth(await sides("twin", type)),
    60_000,
  );
});

function expectBoth({ missing, walks, bytes }: Awaited<ReturnType<typeof sides>>): void {
  expect(missing).toEqual([]);
  expect(bytes).toBeLessThan(5e6);
  const kinds = [...walks.values()].filter((walk) => walk !== "");
  expect(new Set(kinds).size).toBeLessThanOrEqual(1);
}
