// Rows of stored tables decoded on a WebGPU device that stays open, as it does in production: one count of numbers after
// another, multiples of four and others.

import { describe, expect, it } from "vitest";
import { emitNodes } from "../../../compiler/emit/emitter.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { needs } from "../../kit/needs.ts";
import { type Options, runGraph } from "../../kit/onnx.ts";
import { holdDevice, onDevice } from "../../kit/webgpu.ts";

const none = (): never => {
  throw new Error("there are no parameters");
};

/** Shape of the stored rows, and their heads. */
const cases: readonly (readonly [shape: readonly number[], heads: readonly number[]])[] = [
  [[5], [3, 2]],
  [[7], [3, 3, 1]],
  [[4], [2, 2]],
  [[5, 3], [3]],
  [[4, 3], [3]],
  [[3, 1], [1]],
  [[4, 1], [1]],
  [
    [3, 4],
    [2, 2],
  ],
  [
    [2, 3, 6],
    [3, 2, 1],
  ],
  [
    [5, 64],
    [16, 16, 16, 16],
  ],
];

/** Where a case is decoded otherwise than by the interpreter, or null. Memory that is used again holds no right numbers. */
async function apart(index: number, options?: Options): Promise<string | null> {
  const [shape, heads] = cases[index];
  const b = builder("test");
  const leading = shape.slice(0, -1);
  const symbols = leading.map((_, axis) => `d${axis}`);
  const stored = b.input("stored", "uint8", [...symbols, shape[shape.length - 1]]);
  const affine = b.input("affine", "float32", [...symbols, 2 * heads.length]);
  const graph = graphOf({ rows: b.decodeRows(stored, affine, heads) });
  const rows = leading.reduce((product, dim) => product * dim, 1);
  const draw = (i: number) => Math.imul(i + 101 * index + 1, 0x9e3779b1) >>> 24;
  const filled = (count: number, of: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => of(i));
  const feeds = {
    stored: { shape, data: filled(rows * shape[shape.length - 1], draw) },
    affine: { shape: [...leading, 2 * heads.length], data: filled(rows * 2 * heads.length, (i) => draw(i) / 64) },
  };
  const ran = await runGraph(graph, feeds, {}, options);
  return difference(ran.rows, evaluate(graph, feeds, none).rows);
}

/** Shape of the scale by which the numbers of uint8 rows are read. */
function scaleOf(heads: readonly number[]): readonly number[] {
  const b = builder("test");
  const width = heads.reduce((sum, head) => sum + head, 0);
  const stored = b.input("stored", "uint8", ["rows", width]);
  const affine = b.input("affine", "float32", ["rows", 2 * heads.length]);
  const { nodes, constants } = emitNodes(graphOf({ rows: b.decodeRows(stored, affine, heads) }));
  const [, scale] = nodes.find(({ opType }) => opType === "DequantizeLinear")!.inputs;
  return constants.find(({ name }) => name === scale)!.shape;
}

describe("uint8 rows", () => {
  holdDevice();

  it("are decoded right on a device, however many there were before", needs("webgpu"), async () => {
    for (let i = 0; i < cases.length; i++) {
      expect(await apart(i, onDevice), `[${cases[i][0]}]`).toBeNull();
    }
  });

  it("are read by one scale where every count of them is a multiple of four, else by one a column", () => {
    expect([[4], [3, 5], [16, 16]].map(scaleOf)).toEqual([[], [], []]);
    expect([[1], [2], [3, 3], [5, 2], [6]].map(scaleOf)).toEqual([[2], [2], [6], [7], [6]]);
  });

  it("are decoded right on the CPU", async () => {
    for (let i = 0; i < cases.length; i++) {
      expect(await apart(i), `[${cases[i][0]}]`).toBeNull();
    }
  });
});
