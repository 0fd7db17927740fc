// A worker thread of the table build: projects the chunks it is sent, or reads them from an item store itself.
import { parentPort, workerData } from "node:worker_threads";
import { TwinError } from "../../contract/error.ts";
import { type Answer, type Job, perform, type WorkerPlan } from "./perform.ts";
import { Projection } from "./projection.ts";
import { StoreReader } from "./store-reader.ts";

if (parentPort) {
  const port = parentPort;
  const plan = workerData as WorkerPlan;
  const opening = Promise.all([
    Projection.open(plan.projection),
    plan.store === null ? null : StoreReader.open(plan.store),
  ]);
  opening.then(
    () => port.postMessage("ready"),
    // A failed opening is told in answer to the first job.
    () => port.postMessage("ready"),
  );
  let last: Promise<unknown> = opening.catch(() => undefined);
  port.on("message", (job: Job) => {
    last = last.then(async () => {
      let answer: Answer;
      try {
        const [projection, store] = await opening;
        answer = await perform(projection, store, plan.slots, job);
      } catch (error) {
        const known = error instanceof TwinError;
        answer = { id: job.id, error: error instanceof Error ? error.message : String(error), known };
      }
      port.postMessage(answer);
    });
  });
}
