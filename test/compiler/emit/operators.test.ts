// Every operator: the reference interpreter and the emitted ONNX agree on random shapes and dtypes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placement } from "../../../compiler/emit/placement.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import { difference } from "../../kit/difference.ts";
import { needs } from "../../kit/needs.ts";
import { runGraph } from "../../kit/onnx.ts";
import { holdDevice, onDevice } from "../../kit/webgpu.ts";
import { anyCase, weights, writers } from "./random-cases.ts";

const operators = Object.keys(writers) as (keyof typeof writers)[];
const parameters = { weights };
const reference = () => ({ shape: [3, 4], data: weights });

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
        expect(placement(graph, ["cpu", "wasm", "cuda"])).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

const leaves = (op: string) => ["input", "parameter", "constant"].includes(op);

describe("on a WebGPU device", needs("webgpu"), () => {
  holdDevice();
  // Training runs on the CPU and in WASM.
  const computed = operators.filter((op) => !leaves(op) && op !== "scatterAdd");
  it.each(computed)(
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
