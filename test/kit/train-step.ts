// One step of training: `step`, then `update` on what it carried over, by the interpreter or by ONNX Runtime.
import { createHash } from "node:crypto";
import ort from "onnxruntime-node";
import type { Attributes, Graph } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import type { Training } from "../../compiler/train/graphs.ts";
import type { Feeds } from "./any-request.ts";
import { bytesOf, runGraph } from "./onnx.ts";
import { feedsOf, run } from "./reference.ts";

export type Run = (graph: Graph, feeds: Feeds) => Promise<Record<string, Tensor>>;

export const interpreted: Run = async (graph, feeds) =>
  run(graph, feeds, (name) => {
    throw new Error(`${name} is read as a parameter`);
  });

/** ONNX Runtime with so many threads in `step`; `update` always has one. */
export function native(threads = 1): Run {
  return (graph, feeds) =>
    runGraph(graph, feedsOf(graph, feeds), {}, { intraOpNumThreads: graph.name === "update" ? 1 : threads });
}

/** All outputs of a step by name; what is only carried from one graph to the other is left out. */
export async function stepOnce(training: Training, feeds: Feeds, by: Run): Promise<Record<string, Tensor>> {
  const { graphs, spec } = training;
  const stepped = await by(graphs.get("step")!, feeds);
  const updated = graphs.has("update") ? await by(graphs.get("update")!, { ...feeds, ...stepped }) : {};
  const all = { ...stepped, ...updated };
  const outputs = [...spec.graphs.step.outputs, ...(spec.graphs.update?.outputs ?? [])];
  return Object.fromEntries(
    outputs.flatMap(({ name, result }) => (result.kind === "carried" ? [] : [[name, all[name]] as const])),
  );
}

/** Sessions that stay open: `next` runs a step on the same feeds and gives a digest of all its outputs' bits. */
export async function stepper({ graphs }: Training, feeds: Feeds, threads: number) {
  const options = (name: string) => ({
    logSeverityLevel: 3 as const,
    intraOpNumThreads: name === "update" ? 1 : threads,
  });
  const open = async (name: "step" | "update") => {
    const graph = graphs.get(name);
    return graph && { graph, session: await ort.InferenceSession.create(bytesOf(graph), options(name)) };
  };
  const sessions = [await open("step"), await open("update")].filter((one) => one !== undefined);
  const given = new Map<string, ort.Tensor>();
  for (const { graph } of sessions) {
    for (const value of graph.inputs) {
      const { name } = value.node.attributes as Attributes["input"];
      if (!(name in feeds)) {
        continue;
      }
      const { shape, data } = feeds[name];
      const numbers = value.dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data);
      given.set(name, new ort.Tensor(numbers, [...shape]));
    }
  }
  return {
    async next(): Promise<string> {
      const all = new Map(given);
      const digest = createHash("sha256");
      for (const { session } of sessions) {
        const results = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, all.get(name)!])));
        for (const [name, tensor] of Object.entries(results)) {
          all.set(name, tensor);
          const { buffer, byteOffset, byteLength } = tensor.data as Float32Array;
          digest.update(new Uint8Array(buffer, byteOffset, byteLength));
        }
      }
      return digest.digest("hex");
    },
    end: async () => {
      for (const { session } of sessions) {
        await session.release();
      }
    },
  };
}
