// parity.safetensors against ONNX Runtime, graph by graph, as any runtime would check itself.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ort from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { type BuildOptions, initialValues, parameters, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { parseSafetensors } from "../../contract/safetensors.ts";
import { difference } from "../kit/difference.ts";
import { needs } from "../kit/needs.ts";
import type { Options } from "../kit/onnx.ts";
import { bytesOf, compiled, smallSource } from "../kit/small-model.ts";
import { holdDevice, onDevice } from "../kit/webgpu.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-parity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly inputs: Record<string, ort.Tensor>;
  readonly outputs: Record<string, ort.Tensor>;
}

/** Cases of a parity file by `GRAPH` or `GRAPH.CASE`. */
function casesOf(bytes: Uint8Array): { cases: Map<string, Case>; metadata: Record<string, string> } {
  const { entries, metadata } = parseSafetensors(bytes, bytes.length, "parity.safetensors");
  const cases = new Map<string, Case>();
  for (const { name, dtype, shape, start, end } of entries.values()) {
    const [, place, side, port] = /^([^/]+)\/(in|out|scores)\/(.+)$/.exec(name)!;
    if (side === "scores") {
      continue;
    }
    const one = cases.get(place) ?? { inputs: {}, outputs: {} };
    cases.set(place, one);
    const data = bytes.slice(start, end).buffer;
    one[side === "in" ? "inputs" : "outputs"][port] =
      dtype === "F32"
        ? new ort.Tensor("float32", new Float32Array(data), shape)
        : new ort.Tensor("int32", new Int32Array(data), shape);
  }
  return { cases, metadata };
}

const asTensor = ({ dims, data }: ort.Tensor) => ({ shape: [...dims], data: Float64Array.from(data as Float32Array) });

/** A second history with a metric, a search, an attend and a table of its own. */
const second = smallSource
  .replace(
    "tower ranking",
    `history bought {
  of: item
  max: 20
}

metric taste {
  query: item
  keys: bought.item
  heads: 3
  dim: 2
}

search likely {
  from: bought
  by: taste
  keep: 4
  heads: max
}

attend habit {
  over: likely
  by: taste
}

tower ranking`,
  )
  .replace("input: [interest,", "input: [interest, habit,")
  .concat("\ntable taste_keys {\n  of: taste.keys\n  on_miss: zero\n}\n");

/** Start values half as large again: scores five times as far from zero, softmax far from even. */
function larger(): WeightSource {
  const { model } = compiled();
  const values = initialValues(parameters(model), 5);
  const read = (name: string) => values.read(name).map((x) => 1.5 * x);
  return {
    tensors: new Map(parameters(model).map((parameter) => [parameter.name, parameter])),
    step: 1,
    path: "larger",
    read,
    chunks: (name) => [littleEndian(read(name))],
  };
}

const variants: [string, string, Partial<BuildOptions>][] = [
  ["tables inside", smallSource, {}],
  ["tables outside", smallSource, { outside: "all" }],
  ["a list for each head", smallSource.replace("keep: 6", "keep: 6\n  heads: per_head"), {}],
  ["no table", smallSource.slice(0, smallSource.indexOf("table video_keys")), {}],
  ["two histories, searches and tables", second, {}],
  ["larger weights", smallSource, { weights: larger() }],
  ["another seed", smallSource, { seed: 99 }],
];

holdDevice();
/** The software adapter compiles slowly, so each kind of graph is tried on it once. */
const onDevices: Readonly<Record<string, readonly string[]>> = {
  "tables inside": ["projector", "oracle", "request", "request_fresh", "explain"],
  "a list for each head": ["request"],
  "two histories, searches and tables": ["search", "rank", "rank_fresh"],
};

describe.each(variants)("parity: %s", (name, source, options) => {
  const { files, manifest } = compiled(source, options);
  const home = join(folder, name.replaceAll(" ", "-"));
  for (const file of files) {
    mkdirSync(dirname(join(home, file.path)), { recursive: true });
    writeFileSync(join(home, file.path), bytesOf(file));
  }
  const { cases, metadata } = casesOf(bytesOf(files.find(({ path }) => path === "parity.safetensors")!));
  const graphs = Object.keys(manifest.graphs);

  it("covers every graph, with a history that is typical, short and empty", () => {
    const walks = ["sample", "attempt_0", "attempt_1", "attempt_2"].flatMap((one) =>
      one === "sample" ? [one] : [one, `${one}_pairs`],
    );
    expect([...cases.keys()].sort()).toEqual(
      [
        ...graphs.flatMap((graph) =>
          graph === "projector" ? [graph] : [graph, `${graph}.short`, `${graph}.empty`, `${graph}.many`],
        ),
        ...(manifest.searches.some(({ heads }) => heads === "round_robin")
          ? [...walks, "alike"].map((one) => `search.${one}`)
          : []),
      ].sort(),
    );
    expect(metadata.near_ties).toBeUndefined();
    const valid = (place: string) =>
      (cases.get(place)!.inputs["watched.valid"].data as Float32Array).reduce((a, b) => a + b);
    expect([valid("search"), valid("search.short"), valid("search.empty")]).toEqual([10, 3, 0]);
    const ids = [...cases.values()].flatMap(({ inputs }) => [
      ...((inputs["candidate.item.author"]?.data ?? []) as Int32Array),
    ]);
    expect(ids).toContain(0);
  });

  const holds = async (graph: string, options: Options) => {
    const session = await ort.InferenceSession.create(join(home, `${graph}.onnx`), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
      ...options,
    });
    try {
      for (const [place, { inputs, outputs }] of cases) {
        if (place.split(".")[0] !== graph) {
          continue;
        }
        const results = await session.run(inputs);
        for (const [port, wanted] of Object.entries(outputs)) {
          const fault = difference(asTensor(results[port]), asTensor(wanted), wanted.type === "int32");
          expect(fault, `${place} ${port}`).toBeNull();
        }
      }
    } finally {
      await session.release();
    }
  };

  it.each(graphs)("holds on ONNX Runtime: %s", (graph) => holds(graph, {}));

  it.each(graphs.filter((graph) => onDevices[name]?.includes(graph)))(
    "holds on a WebGPU device, no node off it: %s",
    needs("webgpu"),
    (graph) => holds(graph, onDevice),
  );
});

it("holds few cases where histories are padded to thousands, so that a build takes seconds", () => {
  const long = smallSource
    .replace(/(of: item\n\s*max: )\d+/, (_, start) => `${start}9000`)
    .replace("keep: 6", "keep: 2100");
  const { cases } = casesOf(bytesOf(compiled(long).files.find(({ path }) => path === "parity.safetensors")!));
  expect([...cases.keys()].filter((place) => place.startsWith("search")).sort()).toEqual([
    "search",
    "search.empty",
    "search.short",
  ]);
  expect(cases.get("search")!.inputs["watched.valid"].dims.at(-1)).toBeGreaterThan(2100);
}, 30_000);
