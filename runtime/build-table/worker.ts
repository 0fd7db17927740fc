// A worker thread of the table build: projects the chunks it is sent, or reads them from an item store itself.
import { innerLine } from "../host/start-thread.ts";
import { type Service, serveCalls } from "../threads/serve-calls.ts";
import { openProjection } from "./open-projection.ts";
import { type Answer, type Job, perform, type WorkerPlan } from "./perform.ts";
import { StoreReader } from "./store-reader.ts";

async function open(plan: WorkerPlan): Promise<Service<Job, Answer, null>> {
  const [projection, store] = await Promise.all([
    openProjection(plan.projector),
    plan.store === null ? null : StoreReader.open(plan.store),
  ]);
  return { ready: null, run: (job) => perform(projection, store, plan.slots, job) };
}

serveCalls(innerLine<WorkerPlan, Job, Answer, null>(), open);
