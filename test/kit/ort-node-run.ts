// Graphs of a model on onnxruntime-node, opened by path beside their weights, as the runtime opens them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ort from "onnxruntime-node";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { dtypesOf, fromOrt, type Options, toOrt } from "./onnx.ts";
import { weightsName } from "./provider-models.ts";
import type { RunCases } from "./provider-run.ts";

export const runOnNode =
  (options: Options): RunCases =>
  async (model, graph) => {
    const folder = mkdtempSync(join(tmpdir(), "twin-provider-"));
    try {
      const path = join(folder, `${graph.name}.onnx`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, graph.bytes);
      writeFileSync(join(folder, weightsName), model.weights);
      const session = await ort.InferenceSession.create(path, {
        logSeverityLevel: 3,
        intraOpNumThreads: 1,
        ...options,
      });
      try {
        const dtypes = dtypesOf(graph.graph);
        const outputs: Record<string, Record<string, Tensor>> = {};
        for (const place of graph.places) {
          const feeds = Object.entries(model.feeds(place)).map(
            ([name, tensor]) => [name, toOrt(dtypes[name], tensor)] as const,
          );
          const results = await session.run(Object.fromEntries(feeds));
          outputs[place] = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
        }
        return outputs;
      } finally {
        await session.release();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
