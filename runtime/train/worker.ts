// The thread that reads the data set and assembles batches.
import { parentPort, workerData } from "node:worker_threads";
import { TwinError } from "../../contract/error.ts";
import { type Assembled, buffersOf } from "../learn/assemble.ts";
import type { Dataset } from "../learn/dataset.ts";
import { BatchSource } from "../learn/feeder.ts";
import type { DatasetPlace, FeederAnswer, FeederJob, FeederStart } from "./feeder.ts";

const port = parentPort!;
const send = (answer: FeederAnswer, transfer: ArrayBuffer[] = []): void => port.postMessage(answer, transfer);

async function open({ folder, module }: DatasetPlace): Promise<Dataset> {
  const { openDataset } = (module === null ? await import("../data/prepare/open.ts") : await import(module)) as {
    openDataset(folder: string): Dataset | Promise<Dataset>;
  };
  return openDataset(folder);
}

const failed = (id: number, error: unknown): void =>
  send({
    kind: "failed",
    id,
    message: error instanceof Error ? error.message : String(error),
    ours: error instanceof TwinError,
  });

async function serve({ place, plan, seed }: FeederStart): Promise<void> {
  const dataset = await open(place);
  const source = new BatchSource(dataset, plan, seed);
  const counts = {
    training: dataset.count("training"),
    validation: dataset.count("validation"),
    test: dataset.count("test"),
  };
  port.on("message", (job: FeederJob) => {
    let batch: Assembled;
    try {
      batch = job.kind === "step" ? source.step(job.step) : source.samples(job.part, job.samples);
    } catch (error) {
      failed(job.id, error);
      return;
    }
    send({ kind: "batch", id: job.id, batch }, buffersOf(batch));
  });
  send({ kind: "ready", fingerprint: dataset.fingerprint, users: dataset.users, counts });
}

serve(workerData as FeederStart).catch((error) => {
  failed(-1, error);
  port.close();
});
