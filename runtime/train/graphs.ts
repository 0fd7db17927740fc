// The training graphs of a folder, on ONNX Runtime for Node.
import { join } from "node:path";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { type OpenTrainGraph, TrainGraphs } from "../learn/index.ts";
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

export const folderGraphs = (dir: string, spec: TrainSpec, threads: number, device?: TrainDevice): TrainGraphs =>
  new TrainGraphs(spec, threads, opensIn(dir, device));
