// Which nodes run on which device: finds what an execution provider would hand back to the CPU.

import type { Graph } from "../ir/graph.ts";
import { dtypeOf, type OnnxDtype } from "../ir/onnx-dtype.ts";
import type { OnnxNode } from "../ir/rule.ts";
import { emitNodes, isSubgraph, type OnnxGraph } from "./emitter.ts";

export type Provider = "cpu" | "cuda" | "wasm" | "webgpu";
export const providers: readonly Provider[] = ["cpu", "cuda", "wasm", "webgpu"];

/** A node that does not run on a provider's device. */
export interface Fallback {
  /** The node's name: the place in the model and the operator. */
  readonly node: string;
  readonly op: string;
  readonly provider: Provider;
  readonly reason: string;
}

/**
 * The order in which a provider's TopK gives equal scores. ONNX says the lower index first; by its source CUDA's radix
 * TopK, which takes rows over 256, keeps none (not run here), and WebGPU promises nothing. No graph may rest on it.
 */
export const tieOrder: Readonly<Record<Provider, "lower index first" | "any">> = {
  cpu: "lower index first",
  cuda: "any",
  wasm: "lower index first",
  webgpu: "any",
};

interface Support {
  /** The operand whose dtype decides. */
  readonly operand: number;
  readonly cpu: readonly OnnxDtype[];
  readonly cuda: readonly OnnxDtype[];
  readonly webgpu: readonly OnnxDtype[];
  /** Dtype of the results, where it is not the deciding operand's. */
  readonly result?: OnnxDtype;
}

const f: readonly OnnxDtype[] = ["float32"];
const fi: readonly OnnxDtype[] = ["float32", "int32"];
const fil: readonly OnnxDtype[] = ["float32", "int32", "int64"];
const fib: readonly OnnxDtype[] = ["float32", "int32", "bool"];
const filb: readonly OnnxDtype[] = ["float32", "int32", "int64", "bool"];
const b: readonly OnnxDtype[] = ["bool"];
/** Stored rows. On WebGPU float16 is there only with `shader-f16`: the runtime tries, and decodes itself without. */
const stored: readonly OnnxDtype[] = ["float16", "uint8"];
const u8: readonly OnnxDtype[] = ["uint8"];

function on(cpu: readonly OnnxDtype[], cuda: readonly OnnxDtype[], webgpu: readonly OnnxDtype[], more = {}): Support {
  return { operand: 0, cpu, cuda, webgpu, ...more };
}

/**
 * ONNX Runtime 1.30: WASM and WebGPU held to a browser with `disable_cpu_ep_fallback` by `test/web/placement.test.ts`, CUDA
 * to its published kernels by `test/compiler/emit/placement.test.ts`. An operator that is not here is not emitted.
 */
const table: Readonly<Record<string, Support>> = {
  Add: on(fil, fil, fi),
  Sub: on(fil, fil, fi),
  Mul: on(fil, fil, fi),
  Div: on(fil, fil, fi),
  Max: on(fil, fil, fi),
  Min: on(fil, fil, fi),
  Neg: on(fil, fil, f),
  Abs: on(fil, fil, f),
  Exp: on(f, f, f),
  Log: on(f, f, f),
  Sqrt: on(f, f, f),
  Relu: on(fi, f, f),
  Sigmoid: on(f, f, f),
  Tanh: on(f, f, f),
  Erf: on(f, f, f),
  Equal: on(filb, filb, fi, { result: "bool" }),
  Greater: on(fil, fil, fi, { result: "bool" }),
  And: on(b, b, b),
  Not: on(b, b, b),
  Where: on(fil, fil, fi, { operand: 1 }),
  Cast: on([...filb, "float16"], [...filb, "float16"], [...fib, "float16"]),
  DequantizeLinear: on(u8, u8, u8, { result: "float32" }),
  MatMul: on(fil, f, f),
  LayerNormalization: on(f, f, f),
  Softmax: on(f, f, f),
  ReduceSum: on(fil, fil, fi),
  ReduceMean: on(fi, fi, fi),
  ReduceMax: on(fil, fil, fi),
  CumSum: on(fil, fil, fi),
  TopK: on(fil, fil, f),
  Gather: on([...filb, ...stored], [...filb, ...stored], [...fib, ...stored]),
  GatherElements: on(filb, filb, f),
  ScatterElements: on(fil, f, fi),
  /** Training alone: its int64 indices are not made on a WebGPU device. */
  ScatterND: on(fil, f, []),
  Concat: on(filb, filb, fi),
  Slice: on(filb, filb, f),
  Transpose: on(filb, filb, fi),
  Reshape: on(filb, filb, fib),
  Squeeze: on(filb, filb, fi),
  Unsqueeze: on(filb, filb, fib),
  Expand: on(filb, filb, fib),
  Shape: on(filb, filb, fi, { result: "int64" }),
  Identity: on(filb, filb, fi),
  If: on(b, b, b),
};

/**
 * Every node of `graph` that one of `wanted` would not run on its device, with operator, dtype and provider: empty for a
 * graph that stays on every device. `emitted`: its nodes, where they are at hand.
 */
export function placement(
  graph: Graph,
  wanted: readonly Provider[] = providers,
  emitted: OnnxGraph = emitNodes(graph),
): Fallback[] {
  const inputs = graph.inputs.map(({ node, dtype }) => [node.attributes.name, dtype] as const);
  return nodePlacement(emitted, new Map(inputs), wanted);
}

/** The same for ONNX nodes; `dtypes` gives the graph's inputs. */
export function nodePlacement(
  emitted: OnnxGraph,
  dtypes: ReadonlyMap<string, OnnxDtype>,
  wanted: readonly Provider[] = providers,
): Fallback[] {
  const found: Fallback[] = [];
  for (const one of typedNodes(emitted, dtypes)) {
    for (const provider of wanted) {
      const reason = refusal(one, provider);
      if (reason !== null) {
        found.push({ node: one.node.name, op: one.node.opType, provider, reason });
      }
    }
  }
  return found;
}

/** A node, and the dtype that decides where it runs: undefined where it is not known. */
export interface TypedNode {
  readonly node: OnnxNode;
  readonly dtype: OnnxDtype | undefined;
}

/** All nodes, those in the branches of an If before it. @param dtypes of the graph's inputs */
export function* typedNodes(
  { nodes, constants, parameters }: OnnxGraph,
  dtypes: ReadonlyMap<string, OnnxDtype>,
): Iterable<TypedNode> {
  const known = new Map<string, OnnxDtype>(dtypes);
  for (const { name, dtype } of constants) {
    known.set(name, dtype);
  }
  for (const { name } of parameters) {
    known.set(name, "float32");
  }
  yield* typed(nodes, known);
}

function* typed(nodes: readonly OnnxNode[], known: Map<string, OnnxDtype>): Iterable<TypedNode> {
  for (const node of nodes) {
    const bodies = Object.values(node.attributes).filter(isSubgraph);
    for (const body of bodies) {
      yield* typed(body.nodes, known);
    }
    const support = supportOf(node);
    const dtype = known.get(node.inputs[support?.operand ?? 0]);
    yield { node, dtype };
    node.outputs.forEach((output, index) => {
      known.set(
        output,
        (bodies.length > 0 ? known.get(bodies[0].outputs[index]) : null) ?? resultDtype(node, support, dtype, index),
      );
    });
  }
}

const supportOf = ({ opType }: OnnxNode): Support | undefined =>
  Object.hasOwn(table, opType) ? table[opType] : undefined;

/** Each operator with each dtype of its deciding operand that the table says runs on a provider's device. */
export function claims(provider: Provider): { readonly op: string; readonly dtype: OnnxDtype }[] {
  const column = columnOf(provider);
  return Object.entries(table).flatMap(([op, support]) => support[column].map((dtype) => ({ op, dtype })));
}

/** By kind of device: WASM runs the CPU's kernels. */
const columnOf = (provider: Provider): "cpu" | "cuda" | "webgpu" => (provider === "wasm" ? "cpu" : provider);

function refusal({ node, dtype }: TypedNode, provider: Provider): string | null {
  const support = supportOf(node);
  if (support === undefined) {
    return `${node.opType} is not among the operators known to run on ${provider}`;
  }
  if (dtype === undefined) {
    return `the dtype of ${node.inputs[support.operand]} is unknown`;
  }
  const allowed = support[columnOf(provider)];
  if (allowed.includes(dtype)) {
    return null;
  }
  if (allowed.length === 0) {
    return `${node.opType} does not run on ${provider}`;
  }
  return `${node.opType} of ${dtype} does not run on ${provider}: it takes ${allowed.join(", ")} there`;
}

function resultDtype(
  node: OnnxNode,
  support: Support | undefined,
  dtype: OnnxDtype | undefined,
  output: number,
): OnnxDtype {
  if (node.opType === "Cast") {
    return dtypeOf(Number(node.attributes.to));
  }
  if (node.opType === "TopK" && output === 1) {
    return "int64";
  }
  return support?.result ?? dtype ?? "float32";
}
