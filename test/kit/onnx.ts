// Runs graphs and ONNX bytes through onnxruntime-node.
import ort from "onnxruntime-node";
import { emitOnnx } from "../../compiler/emit/onnx.ts";
import type { Dtype, Graph } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { toHalf } from "../../contract/half.ts";

export type Feeds = Readonly<Record<string, Tensor>>;
export type Options = Parameters<typeof ort.InferenceSession.create>[1];

/** ONNX bytes of a graph, with the parameters' numbers inside. */
export function bytesOf(graph: Graph, parameters: Readonly<Record<string, Float32Array>> = {}): Uint8Array {
  return emitOnnx(graph, { external: (name) => ({ inline: parameters[name] }), metadata: {}, producerVersion: "0" });
}

/** Runs a graph on the CPU, or as `options` say. */
export async function runGraph(
  graph: Graph,
  feeds: Feeds,
  parameters: Readonly<Record<string, Float32Array>> = {},
  options: Options = {},
): Promise<Record<string, Tensor>> {
  return runBytes(bytesOf(graph, parameters), dtypesOf(graph), feeds, options);
}

export function dtypesOf(graph: Graph): Record<string, Dtype> {
  return Object.fromEntries(graph.inputs.map(({ node, dtype }) => [node.attributes.name, dtype]));
}

export async function runBytes(
  bytes: Uint8Array,
  dtypes: Readonly<Record<string, Dtype>>,
  feeds: Feeds,
  options: Options = {},
): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1, ...options });
  try {
    const tensors = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
    const results = await session.run(
      Object.fromEntries(tensors.map(([name, tensor]) => [name, toOrt(dtypes[name], tensor)])),
    );
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  } finally {
    await session.release();
  }
}

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, uint8: Uint8Array } as const;

export function toOrt(dtype: Dtype, { shape, data }: Tensor) {
  if (dtype === "float16") {
    return new ort.Tensor(dtype, Uint16Array.from(data, toHalf), [...shape]);
  }
  return new ort.Tensor(dtype, arrays[dtype].from(data), [...shape]);
}

export function fromOrt({ dims, data }: { readonly dims: readonly number[]; readonly data: unknown }): Tensor {
  return { shape: [...dims], data: Float64Array.from(data as ArrayLike<number>) };
}
