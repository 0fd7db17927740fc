// The thread that reads the data set and assembles batches.
import { innerLine } from "../host/start-thread.ts";
import { type Assembled, BatchSource, buffersOf, type Dataset } from "../learn/index.ts";
import { type Service, serveCalls } from "../threads/serve-calls.ts";
import type { DatasetPlace, FedData, FeederJob, FeederStart } from "./feeder.ts";

/** What a module that `DatasetPlace` names must give. */
interface DatasetModule {
  openDataset(folder: string): Dataset | Promise<Dataset>;
}

async function openData({ folder, module }: DatasetPlace): Promise<Dataset> {
  const { openDataset }: DatasetModule = module === null ? await import("../data/prepared.ts") : await import(module);
  return openDataset(folder);
}

async function open({ place, plan, seed }: FeederStart): Promise<Service<FeederJob, Assembled, FedData>> {
  const dataset = await openData(place);
  const source = new BatchSource(dataset, plan, seed);
  const counts = {
    training: dataset.count("training"),
    validation: dataset.count("validation"),
    test: dataset.count("test"),
  };
  return {
    ready: { fingerprint: dataset.fingerprint, users: dataset.users, counted: dataset.counted ?? {}, counts },
    run: (job) => (job.kind === "step" ? source.step(job.step) : source.samples(job.part, job.samples)),
    transfer: buffersOf,
  };
}

serveCalls(innerLine<FeederStart, FeederJob, Assembled, FedData>(), open);
