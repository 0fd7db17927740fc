// One operator of one dtype as a graph of one node, with what it computes on: for tables of what runs where.
import pkg from "onnx-proto";
import { type OnnxDtype, onnxDtype } from "../../compiler/ir/onnx-dtype.ts";
import type { SafeDtype } from "../../contract/safetensors.ts";

const { onnx } = pkg;

export interface Operand {
  readonly dtype: OnnxDtype;
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** Inside the graph, as axes and shapes are. */
  readonly fixed?: true;
}

export interface OneNode {
  readonly bytes: Uint8Array;
  readonly feeds: Readonly<
    Record<string, { readonly dtype: SafeDtype; readonly shape: number[]; readonly data: number[] }>
  >;
}

interface Written {
  readonly inputs: readonly Operand[];
  readonly attributes?: Readonly<Record<string, number | readonly number[] | string>>;
  /** Dtypes of the results; one of the deciding operand's where absent. */
  readonly outputs?: readonly OnnxDtype[];
}

const safe: Readonly<Record<OnnxDtype, SafeDtype>> = {
  float32: "F32",
  float16: "F16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  bool: "BOOL",
};

const numbers = [3, 1, 4, 1, 5, 9, 2, 6];
/** [2, 4], of small numbers above 0. */
const x = (dtype: OnnxDtype): Operand => ({
  dtype,
  shape: [2, 4],
  data: dtype === "bool" ? numbers.map((n) => n % 2) : numbers,
});
const ints = (...data: number[]): Operand => ({ dtype: "int64", shape: [data.length], data, fixed: true });
const index = (shape: readonly number[], ...data: number[]): Operand => ({ dtype: "int32", shape, data });
const floats = (...data: number[]): Operand => ({ dtype: "float32", shape: [data.length], data });
const turned = (dtype: OnnxDtype): Operand => ({ ...x(dtype), data: x(dtype).data.toReversed() });

const one = (dtype: OnnxDtype): Written => ({ inputs: [x(dtype)] });
const two = (dtype: OnnxDtype): Written => ({ inputs: [x(dtype), turned(dtype)] });
const compared = (dtype: OnnxDtype): Written => ({ ...two(dtype), outputs: ["bool"] });
const reduced = (dtype: OnnxDtype): Written => ({ inputs: [x(dtype), ints(1)], attributes: { keepdims: 0 } });

/** By operator; of those that hold graphs or make another dtype, see `oneNodes`. */
const writers: Readonly<Record<string, (dtype: OnnxDtype) => Written>> = {
  ...Object.fromEntries(["Add", "Sub", "Mul", "Div", "Max", "Min", "And"].map((op) => [op, two])),
  ...Object.fromEntries(
    ["Neg", "Abs", "Exp", "Log", "Sqrt", "Relu", "Sigmoid", "Tanh", "Erf", "Not", "Identity"].map((op) => [op, one]),
  ),
  Equal: compared,
  Greater: compared,
  Where: (dtype) => ({ inputs: [{ ...x("bool") }, x(dtype), turned(dtype)], outputs: [dtype] }),
  DequantizeLinear: () => ({
    inputs: [x("uint8"), { dtype: "float32", shape: [], data: [0.5] }, { dtype: "uint8", shape: [], data: [0] }],
    outputs: ["float32"],
  }),
  MatMul: (dtype) => ({ inputs: [x(dtype), { ...turned(dtype), shape: [4, 2] }] }),
  LayerNormalization: (dtype) => ({
    inputs: [x(dtype), floats(1, 2, 3, 4), floats(0, 1, 0, 1)],
    attributes: { axis: -1 },
  }),
  Softmax: (dtype) => ({ inputs: [x(dtype)], attributes: { axis: -1 } }),
  ReduceSum: reduced,
  ReduceMean: reduced,
  ReduceMax: reduced,
  CumSum: (dtype) => ({ inputs: [x(dtype), { dtype: "int32", shape: [], data: [1], fixed: true }] }),
  TopK: (dtype) => ({ inputs: [x(dtype), ints(2)], attributes: { axis: -1 }, outputs: [dtype, "int64"] }),
  Gather: (dtype) => ({ inputs: [x(dtype), index([3], 1, 0, 1)], attributes: { axis: 0 } }),
  GatherElements: (dtype) => ({ inputs: [x(dtype), index([2, 2], 3, 0, 1, 2)], attributes: { axis: 1 } }),
  ScatterElements: (dtype) => ({
    inputs: [x(dtype), index([2, 2], 3, 0, 1, 2), { dtype, shape: [2, 2], data: [7, 8, 7, 8] }],
    attributes: { axis: 1, reduction: "max" },
  }),
  ScatterND: (dtype) => ({
    inputs: [x(dtype), { dtype: "int64", shape: [1, 1], data: [1] }, { dtype, shape: [1, 4], data: [7, 8, 7, 8] }],
    attributes: { reduction: "add" },
  }),
  Concat: (dtype) => ({ inputs: [x(dtype), turned(dtype)], attributes: { axis: 1 } }),
  Slice: (dtype) => ({ inputs: [x(dtype), ints(1), ints(3), ints(1)] }),
  Transpose: (dtype) => ({ inputs: [x(dtype)], attributes: { perm: [1, 0] } }),
  Reshape: (dtype) => ({ inputs: [x(dtype), ints(4, -1)] }),
  Squeeze: (dtype) => ({ inputs: [{ ...x(dtype), shape: [2, 1, 4] }, ints(1)] }),
  Unsqueeze: (dtype) => ({ inputs: [x(dtype), ints(1)] }),
  Expand: (dtype) => ({ inputs: [{ ...x(dtype), shape: [2, 1, 4] }, ints(2, 3, 4)] }),
  Shape: (dtype) => ({ inputs: [x(dtype)], outputs: ["int64"] }),
};

/** Graphs of one node in which the operator has this dtype; of a cast one for every dtype that it may make. */
export function oneNodes(op: string, dtype: OnnxDtype): { readonly name: string; readonly graph: OneNode }[] {
  if (op === "Cast") {
    const targets: readonly OnnxDtype[] = dtype === "float16" ? ["float32"] : ["float32", "int32", "bool"];
    return targets
      .filter((to) => to !== dtype)
      .map((to) => ({
        name: `Cast ${dtype} ${to}`,
        graph: written(op, { inputs: [x(dtype)], attributes: { to: onnxDtype[to] }, outputs: [to] }),
      }));
  }
  if (op === "If") {
    return [{ name: "If bool", graph: branching() }];
  }
  if (!Object.hasOwn(writers, op)) {
    throw new Error(`no graph is written of ${op}`);
  }
  return [{ name: `${op} ${dtype}`, graph: written(op, writers[op](dtype)) }];
}

function written(op: string, { inputs, attributes = {}, outputs }: Written): OneNode {
  const names = inputs.map((_, i) => `x${i}`);
  const results = (outputs ?? [inputs[0].dtype]).map((dtype, i) => ({ name: `y${i}`, dtype }));
  const node = {
    opType: op,
    name: op,
    input: names,
    output: results.map(({ name }) => name),
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  };
  return model([node], inputs, results);
}

function attributeOf(name: string, value: number | readonly number[] | string) {
  const { INT, INTS, STRING } = onnx.AttributeProto.AttributeType;
  if (typeof value === "string") {
    return { name, type: STRING, s: new TextEncoder().encode(value) };
  }
  return typeof value === "number" ? { name, type: INT, i: value } : { name, type: INTS, ints: [...value] };
}

/** An If whose condition is fed, and whose branches compute. */
function branching(): OneNode {
  const branch = (name: string, opType: string) => ({
    name,
    type: onnx.AttributeProto.AttributeType.GRAPH,
    g: { name, node: [{ opType, name, input: ["x1"], output: [`${name}/y`] }], output: [{ name: `${name}/y` }] },
  });
  const node = {
    opType: "If",
    name: "If",
    input: ["x0"],
    output: ["y0"],
    attribute: [branch("then_branch", "Neg"), branch("else_branch", "Abs")],
  };
  const condition: Operand = { dtype: "bool", shape: [], data: [1] };
  return model([node], [condition, x("float32")], [{ name: "y0", dtype: "float32" }]);
}

function model(
  nodes: readonly object[],
  inputs: readonly Operand[],
  outputs: readonly { readonly name: string; readonly dtype: OnnxDtype }[],
): OneNode {
  const named = inputs.map((operand, i) => ({ ...operand, name: `x${i}` }));
  const shaped = (name: string, dtype: OnnxDtype, shape?: readonly number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: onnxDtype[dtype],
        ...(shape && { shape: { dim: shape.map((dimValue) => ({ dimValue })) } }),
      },
    },
  });
  const bytes = onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 18 }],
      graph: {
        name: "one",
        node: nodes as never,
        initializer: named
          .filter(({ fixed }) => fixed)
          .map(({ name, dtype, shape, data }) => ({
            name,
            dataType: onnxDtype[dtype],
            dims: [...shape],
            rawData: new Uint8Array(
              (dtype === "int64" ? BigInt64Array.from(data, BigInt) : Int32Array.from(data)).buffer,
            ),
          })),
        input: named.filter(({ fixed }) => !fixed).map(({ name, dtype, shape }) => shaped(name, dtype, shape)),
        output: outputs.map(({ name, dtype }) => shaped(name, dtype)),
      },
    }),
  ).finish();
  const fed = named.filter(({ fixed }) => !fixed);
  return {
    bytes: Uint8Array.from(bytes),
    feeds: Object.fromEntries(
      fed.map(({ name, dtype, shape, data }) => [name, { dtype: safe[dtype], shape: [...shape], data: [...data] }]),
    ),
  };
}
