// What a model's request cannot avoid: the products, look-ups, selections and functions of its own graph, each alone on
// random numbers of the same shapes, without what joins them, without the host.
import ort from "onnxruntime-node";
import { emitOnnx } from "../../compiler/emit/onnx.ts";
import { concreteShapes } from "../../compiler/ir/bind.ts";
import { builder, make } from "../../compiler/ir/build.ts";
import { type Graph, type InputValue, type Op, type Output, topological, type Value } from "../../compiler/ir/graph.ts";
import { onnxDtype } from "../../compiler/ir/onnx-dtype.ts";
import { isFixed } from "../../compiler/passes/fixed.ts";
import { draws, sessionOptions } from "../opponents/sizes.ts";

/** Operators that no writing of the formulas does without, with the operand that holds indices, if one does. */
const bare: Partial<Record<Op, { readonly indices?: number }>> = {
  matmul: {},
  biasedScores: {},
  itemScores: { indices: 2 },
  roundRobin: {},
  topPositions: {},
  gather: { indices: 1 },
  gatherRows: { indices: 1 },
  gatherElements: { indices: 1 },
  softmax: {},
  layerNorm: {},
  exp: {},
  log: {},
  sigmoid: {},
  tanh: {},
  erf: {},
  relu: {},
};

export interface Floor {
  /** Operators by name, most frequent first, such as `12 matmul`. */
  readonly operators: string;
  run(): Promise<unknown>;
  close(): Promise<void>;
}

/** @param bindings a length for every symbol of the graph @throws RangeError naming a symbol without one */
export async function floorOf(
  graph: Graph,
  bindings: Readonly<Record<string, number>>,
  threads: number,
): Promise<Floor> {
  const shapes = concreteShapes(graph, bindings);
  const b = builder("floor");
  const inputs: InputValue[] = [];
  const outputs: Output[] = [];
  const feeds: Record<string, ort.Tensor> = {};
  const counts = new Map<Op, number>();
  for (const value of topological(graph.outputs.map((output) => output.value))) {
    const { op, inputs: operands, attributes } = value.node;
    const kind = bare[op];
    // What depends on parameters alone is computed when a model is built.
    if (kind === undefined || isFixed(value)) {
      continue;
    }
    const fed = operands.map((operand, i) => {
      const shape = shapes.of(operand);
      const name = `${op}.${outputs.length}.${i}`;
      const input = b.input(name, operand.dtype, shape);
      feeds[name] = numbers(operand, shape, i === kind.indices ? rowsOf(value, shapes.of(operands[0])) : null);
      inputs.push(input);
      return input;
    });
    outputs.push({
      name: `${op}.${outputs.length}`,
      value: make(op, fed, attributes, { scope: "floor", doc: "" }),
      doc: "",
    });
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  const bytes = emitOnnx(
    { name: "floor", doc: "", inputs, outputs },
    { external: (name) => noParameter(name), metadata: {}, producerVersion: "0.0.0-bench" },
  );
  const session = await ort.InferenceSession.create(bytes, sessionOptions(threads));
  return {
    operators: [...counts]
      .sort((x, y) => y[1] - x[1])
      .map(([op, count]) => `${count} ${op}`)
      .join(", "),
    run: () => session.run(feeds),
    close: () => session.release(),
  };
}

function noParameter(name: string): never {
  throw new Error(`the floor has no parameter ${name}`);
}

/** How many rows an index may name. */
function rowsOf({ node }: Value, table: readonly number[]): number {
  if (node.op === "gather" || node.op === "gatherElements") {
    return table[node.attributes.axis];
  }
  // Of gatherRows the second axis; itemScores has its items in the second operand, which is no shorter than its index needs.
  return node.op === "gatherRows" ? table[1] : 1;
}

function numbers({ dtype, node }: Value, shape: readonly number[], rows: number | null): ort.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  if (onnxDtype[dtype] === undefined || dtype === "float16" || dtype === "uint8") {
    throw new Error(`${node.op} in ${node.scope}: rows are decoded by the host here`);
  }
  if (dtype === "float32") {
    return new ort.Tensor("float32", draws(size, size), shape);
  }
  const drawn = draws(size, size + 1);
  const of = (most: number) => Int32Array.from(drawn, (x) => Math.min(most - 1, Math.floor((x + 0.5) * most)));
  return dtype === "int32"
    ? new ort.Tensor("int32", of(rows ?? 1), shape)
    : new ort.Tensor("bool", Uint8Array.from(of(2)), shape);
}
