// The training graphs of a folder, on ONNX Runtime for Node.
import { join } from "node:path";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { Kernel } from "../kernel/index.ts";
import { type OpenKernel, type OpenTrainGraph, TrainGraphs } from "../learn/index.ts";
import { startLane } from "../serve/index.ts";
import { openFile } from "../session/session-node.ts";

/** On what graphs run. */
export interface TrainDevice {
  /** In order of preference. */
  readonly providers: readonly string[];
  /** Told of each that could not be had. */
  readonly warn: (message: string) => void;
}

const onCpu: TrainDevice = { providers: ["cpu"], warn: () => undefined };

/** @param dir the folder that the files in the spec are relative to */
export const opensIn =
  (dir: string, { providers, warn }: TrainDevice = onCpu): OpenTrainGraph =>
  (file, threads) =>
    openFile(join(dir, file), { providers, threads, warn });

/** What the selection kernel may take: items' keys, and the behaviours of some samples. */
const kernelBytes = 2 ** 30;

/** The selection kernel in threads of Node; it is the CPU's. */
export const opensKernel =
  (warn: (message: string) => void): OpenKernel =>
  (shape, threads) =>
    Kernel.open(shape, { lanes: threads, startLane, maxBytes: kernelBytes, warn });

/** Graphs that search with the selection kernel where they run on the CPU and the model's searches can go by it. */
export const learningGraphs = (dir: string, spec: TrainSpec, threads: number, device: TrainDevice): TrainGraphs => {
  const [first] = device.providers;
  return new TrainGraphs(spec, threads, opensIn(dir, device), first === "cpu" ? opensKernel(device.warn) : null);
};

/** Graphs alone. */
export const folderGraphs = (dir: string, spec: TrainSpec, threads: number, device?: TrainDevice): TrainGraphs =>
  new TrainGraphs(spec, threads, opensIn(dir, device));
