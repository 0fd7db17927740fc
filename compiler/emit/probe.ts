// A small graph that proves an execution provider: y = relu(x w) + x w, in numbers that every device gives exactly.
import { builder } from "../ir/build.ts";
import { emitOnnx } from "./onnx.ts";

export interface Probe {
  readonly onnx: Uint8Array;
  /** float32 [rows, width] */
  readonly x: readonly number[];
  readonly rows: number;
  readonly width: number;
  /** What `y` is, [rows, width]. */
  readonly y: readonly number[];
}

const rows = 4;
const width = 8;

/** Small integers: their products and sums are exact in every precision that a device computes in. */
const weight = (i: number, j: number): number => ((3 * i + 5 * j) % 7) - 3;
const input = (row: number, i: number): number => ((row + 2 * i) % 5) - 2;

const table = (make: (i: number, j: number) => number, count: number): number[] =>
  Array.from({ length: count * width }, (_, at) => make(Math.floor(at / width), at % width));

export function probeModel(): Probe {
  const b = builder("probe");
  const x = b.input("x", "float32", [rows, width]);
  const w = b.constant({ dtype: "float32", shape: [width, width], data: Float32Array.from(table(weight, width)) });
  const product = b.matmul(x, w);
  const y = b.add(b.relu(product), product);
  const graph = { name: "probe", doc: "", inputs: [x], outputs: [{ name: "y", value: y, doc: "" }] };
  const onnx = emitOnnx(graph, {
    external: (name) => {
      throw new Error(`no parameter ${name}`);
    },
    metadata: {},
    producerVersion: "",
  });
  return { onnx, rows, width, x: table(input, rows), y: table(expected, rows) };
}

function expected(row: number, j: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) {
    sum += input(row, i) * weight(i, j);
  }
  return Math.max(0, sum) + sum;
}
