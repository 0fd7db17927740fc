// The training graphs of a folder, on ONNX Runtime for Node.
import { join } from "node:path";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { type OpenTrainGraph, TrainGraphs } from "../learn/index.ts";
import { openFile } from "../session/session-node.ts";

/** @param dir the folder that the files in the spec are relative to */
export const opensIn =
  (dir: string): OpenTrainGraph =>
  (file, threads) =>
    openFile(join(dir, file), { providers: ["cpu"], threads, warn: () => undefined, strict: true });

export const folderGraphs = (dir: string, spec: TrainSpec, threads: number): TrainGraphs =>
  new TrainGraphs(spec, threads, opensIn(dir));
