// The graphs as other programs see them: onnx's checker and strict shape inference take every one, names are unique, and
// ONNX Runtime for Python gives the numbers of parity.safetensors.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CompileOptions } from "../../compiler/index.ts";
import type { LearnedNumbers } from "../../contract/learned-numbers.ts";
import { fails, parity } from "../../runtime/evaluate/parity.ts";
import { openArtefacts } from "../../runtime/serve/index.ts";
import { type SessionName, Sessions, type Tensor, tensorOf } from "../../runtime/session/session.ts";
import { builtModels, small } from "../kit/built-models.ts";
import { buildInto, cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { needs, python } from "../kit/needs.ts";
import { rankSource } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";

interface Found {
  readonly faults: readonly string[];
  /** In the order of the file. */
  readonly runs: readonly {
    readonly graph: SessionName;
    readonly outputs: Readonly<Record<string, { shape: number[]; dtype: string; data: number[] }>>;
  }[];
}

const text = (path: string) => readFileSync(join(root, path), "utf8");

const stored = (type: "float16" | "uint8") => rankSource(`precision: ${type}`);

const sources: Readonly<Record<string, readonly [source: string, options: Partial<CompileOptions>]>> = {
  ...Object.fromEntries(
    builtModels().map(([name]): [string, [string, Partial<CompileOptions>]] => [
      `models/${name}.twin`,
      ["", { resolve: (path) => small(text(`models/${path === "small.twin" ? `${name}.twin` : path}`)) }],
    ]),
  ),
  "test/good/everything.twin": [
    text("test/good/everything.twin"),
    {
      numbers: new Map<string, LearnedNumbers>([
        ["context.heat", { kind: "scale", mean: 0.5, deviation: 2 }],
        ["context.fare", { kind: "edges", edges: [0.5, 1, 40.25], quantiles: 20 }],
      ]),
    },
  ],
  "test/good/plain.twin": [text("test/good/plain.twin"), {}],
  "embeddings outside the graphs": [rankSource(), { outside: "all" }],
  "rows of float16": [stored("float16"), { tableInput: "float16" }],
  "rows of uint8": [stored("uint8"), { tableInput: "uint8" }],
};

/** Sessions that answer each run by the next of what was found. */
function answers(runs: Found["runs"]): Sessions {
  const left = [...runs];
  return new Sessions(async (name) => ({
    provider: "python",
    async run() {
      const at = left.findIndex(({ graph }) => graph === name);
      const [{ outputs }] = left.splice(at, 1);
      return Object.fromEntries(
        Object.entries(outputs).map(([port, { shape, dtype, data }]): [string, Tensor] => [
          port,
          tensorOf(dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data), shape),
        ]),
      );
    },
    close: async () => undefined,
  }));
}

describe("graphs as other programs see them", needs("python"), () => {
  afterAll(cleanUp);

  it("are those of every good program that this version builds", () => {
    const good = readdirSync(join(root, "test/good")).filter((name) => name.endsWith(".twin"));
    const buildsNot = good.filter((name) => sources[`test/good/${name}`] === undefined);
    for (const name of buildsNot) {
      expect(() => compiled(text(`test/good/${name}`)), name).toThrow(/./);
    }
  });

  it.each(Object.entries(sources))("%s", async (_, [source, options]) => {
    const dir = buildInto(join(temporary(), "build"), source, options);
    const { stdout, stderr } = spawnSync(python(), [join(root, "test/python/engines.py"), dir], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    expect(stdout, stderr).not.toBe("");
    const found: Found = JSON.parse(stdout);
    expect(found.faults).toEqual([]);
    const artefacts = await openArtefacts(dir, () => undefined);
    const results = await parity(artefacts, answers(found.runs));
    expect(new Set(results.map(({ graph }) => graph))).toEqual(new Set(Object.keys(artefacts.manifest.graphs)));
    expect(results.filter(fails)).toEqual([]);
    expect(results.filter(({ notRun }) => notRun !== undefined)).toEqual([]);
    artefacts.outside?.close();
  });
});
