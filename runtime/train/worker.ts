// The thread that reads the data set and assembles batches.
import { innerLine } from "../host/start-thread.ts";
import { BatchSource, buffersOf, type Dataset, ofSomeUsers } from "../learn/index.ts";
import { type Service, serveCalls } from "../threads/serve-calls.ts";
import type { DatasetPlace, Fed, FedData, FeederJob, FeederStart } from "./feeder.ts";

/** What a module that `DatasetPlace` names must give. */
interface DatasetModule {
  openDataset(folder: string): Dataset | Promise<Dataset>;
}

async function openData({ folder, module }: DatasetPlace): Promise<Dataset> {
  const { openDataset }: DatasetModule = module === null ? await import("../data/prepared.ts") : await import(module);
  return openDataset(folder);
}

function answer(source: BatchSource, job: FeederJob): Fed {
  if (job.kind === "starts") {
    return { kind: "starts", starts: source.starts() };
  }
  return { kind: "batch", batch: job.kind === "step" ? source.step(job.step) : source.samples(job.part, job.samples) };
}

async function open({ place, plan, seed, users = null }: FeederStart): Promise<Service<FeederJob, Fed, FedData>> {
  const whole = await openData(place);
  const { dataset, drawn } = users === null ? { dataset: whole, drawn: null } : ofSomeUsers(whole, users);
  const source = new BatchSource(dataset, plan, seed);
  const counts = {
    training: dataset.count("training"),
    validation: dataset.count("validation"),
    test: dataset.count("test"),
  };
  return {
    ready: { fingerprint: dataset.fingerprint, users: dataset.users, counted: dataset.counted ?? {}, counts, drawn },
    run: (job) => answer(source, job),
    transfer: (fed) => (fed.kind === "batch" ? buffersOf(fed.batch) : []),
  };
}

serveCalls(innerLine<FeederStart, FeederJob, Fed, FedData>(), open);
