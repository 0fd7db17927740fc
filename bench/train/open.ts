// The trainer's own pieces on graphs built for a bench: a feeder in its thread, sessions, start values, a stepper.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile, initialValues, parameters } from "../../compiler/index.ts";
import type { Feeder } from "../../runtime/learn/feeder.ts";
import type { TrainGraphs } from "../../runtime/learn/graphs.ts";
import { trainPlan } from "../../runtime/learn/plan.ts";
import { TrainState } from "../../runtime/learn/state.ts";
import { Stepper } from "../../runtime/learn/step.ts";
import { threadFeeder } from "../../runtime/train/feeder.ts";
import { learningGraphs } from "../../runtime/train/graphs.ts";
import type { PeerModel } from "../peers/models.ts";

/** Where a feeder's thread finds its data set: a module with `openDataset`, and what that reads in the folder. */
export interface Source {
  readonly module: URL;
  readonly file: string;
  readonly settings: object;
}

export interface Setting {
  /** Of start values and of the order of the samples. */
  readonly seed: number;
  readonly threads: number;
}

export interface OpenTraining {
  readonly feeder: Feeder;
  readonly graphs: TrainGraphs;
  readonly state: TrainState;
  readonly stepper: Stepper;
}

/** Builds the model's training graphs into `folder` and opens them. Its weights need not lie on disk: training holds them. */
export async function openTraining(
  folder: string,
  { source, model }: PeerModel,
  data: Source,
  { seed, threads }: Setting,
): Promise<OpenTraining> {
  const { files, manifest } = compile(`${model.name}.twin`, { resolve: () => source, version: "0.0.0-bench", seed });
  for (const { path, content } of files.filter((file) => file.path.startsWith("train/"))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content instanceof Uint8Array ? content : Buffer.concat([...content()]));
  }
  writeFileSync(join(folder, data.file), JSON.stringify(data.settings));
  const plan = trainPlan(manifest!);
  const feeder = await threadFeeder({ place: { folder, module: data.module.href }, plan, seed });
  const graphs = learningGraphs(folder, plan.spec, threads, { providers: ["cpu"], warn: console.error });
  const state = new TrainState(plan.spec, initialValues(parameters(model), seed).read);
  return { feeder, graphs, state, stepper: new Stepper(plan, state, graphs) };
}
