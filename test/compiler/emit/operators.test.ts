// Every operator: the reference interpreter and the emitted ONNX agree on random shapes and dtypes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placement, providers } from "../../../compiler/emit/placement.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { needs } from "../../kit/needs.ts";
import { type Options, runGraph } from "../../kit/onnx.ts";
import { holdDevice, onDevice } from "../../kit/webgpu.ts";
import { anyCase, weights, writers } from "./random-cases.ts";

const operators = Object.keys(writers) as (keyof typeof writers)[];
const parameters = { weights };
const reference = () => ({ shape: [3, 4], data: weights });

const leaves = (op: string) => ["input", "parameter", "constant"].includes(op);
/** What a WebGPU device computes: training, of which alone `scatterAdd` is, runs on the CPU and in WASM. */
const onDevices = operators.filter((op) => !leaves(op) && op !== "scatterAdd");

describe("on the CPU", () => {
  it.each(operators)("%s means in ONNX what the reference says", async (op) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { graph, feeds } = anyCase(op, seed);
        verify(graph);
        const wanted = evaluate(graph, feeds, reference).result;
        const { result } = await runGraph(graph, feeds, parameters);
        const exact = graph.outputs[0].value.dtype !== "float32";
        expect(difference(result, wanted, exact)).toBeNull();
        const hosts = providers.filter((provider) => provider !== "webgpu" || onDevices.includes(op));
        expect(placement(graph, hosts)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

/** Layer norms of rows that lie around `base`, apart by a little: how far from the reference at most. */
async function normFarFromZero(width: number, base: number, apart: number, options: Options): Promise<number> {
  const b = builder("norm");
  const [ones, none] = [1, 0].map((value) => b.floats(Array.from({ length: width }, () => value)));
  const graph = graphOf({ y: b.layerNorm(b.input("x", "float32", ["rows", width]), ones, none, 1e-5) });
  const data = Float32Array.from({ length: 50 * width }, (_, i) => base + apart * (((i * 37) % 101) / 101 - 0.5));
  const feeds = { x: { shape: [50, width], data } };
  const { y } = await runGraph(graph, feeds, parameters, options);
  const wanted = evaluate(graph, feeds, reference).y;
  return Math.max(...Array.from(wanted.data, (value, i) => Math.abs(y.data[i] - value) / Math.max(1, Math.abs(value))));
}
const far = [
  [2, 1, 0.01],
  [2, 100, 1],
  [64, 3, 0.1],
  [64, 100, 1],
] as const;

describe("a layer norm of numbers far from 0 that are nearly alike", () => {
  it.each(far)("is right on the CPU: %i around %d", async (width, base, apart) => {
    expect(await normFarFromZero(width, base, apart, {})).toBeLessThan(1e-6);
  });
});

describe("on a WebGPU device", needs("webgpu"), () => {
  holdDevice();
  it.each(far)("a layer norm of %i numbers around %d that are nearly alike is right", async (width, base, apart) => {
    expect(await normFarFromZero(width, base, apart, onDevice)).toBeLessThan(1e-6);
  });

  it.each(onDevices)(
    "%s stays there and means the same",
    async (op) => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const { graph, feeds } = anyCase(op, seed);
          expect(placement(graph, ["webgpu"])).toEqual([]);
          const ran = await runGraph(graph, feeds, parameters, onDevice).catch((error: Error) => {
            // Without `shader-f16` a device says so when it meets float16 rows: the runtime then decodes them itself.
            if (/requires f16/.test(error.message) && graph.inputs.some(({ dtype }) => dtype === "float16")) {
              return null;
            }
            throw error;
          });
          if (ran === null) {
            return;
          }
          const { result } = ran;
          const exact = graph.outputs[0].value.dtype !== "float32";
          expect(difference(result, evaluate(graph, feeds, reference).result, exact)).toBeNull();
        }),
        { numRuns: 6 },
      );
    },
    60_000,
  );
});
