// The threads of a table build: jobs go out to whoever is free, answers come back in the order of the jobs.
import { startThread } from "../host/start-thread.ts";
import { type Done, type Projector, rowsIn, slotBytes } from "../projection/index.ts";
import { openAll, Thread } from "../threads/thread.ts";
import { openProjection } from "./open-projection.ts";
import { type Answer, type Job, perform, type WorkerPlan } from "./perform.ts";
import { StoreReader } from "./store-reader.ts";

/** The memory of the jobs: so many slots as may be under way or waiting to be written. */
class Slots {
  readonly memory: readonly SharedArrayBuffer[];
  readonly #free: number[];

  constructor(count: number, bytes: number) {
    this.memory = Array.from({ length: count }, () => new SharedArrayBuffer(bytes));
    this.#free = this.memory.map((_, slot) => slot);
  }

  take(): number {
    const slot = this.#free.pop();
    if (slot === undefined) {
      throw new Error("more jobs than slots");
    }
    return slot;
  }

  done(slot: number, answer: Answer): Done {
    return { ...answer, rows: rowsIn(this.memory[slot], answer.projected.bytes), release: () => this.#free.push(slot) };
  }
}

/** A projector in this thread, for builds that are done before a thread would have started. @param items of one job, at most */
export async function localProjector(
  plan: Omit<WorkerPlan, "slots">,
  items: number,
  warn?: (message: string) => void,
): Promise<Projector> {
  const projection = await openProjection(plan.projector, warn);
  const store = plan.store === null ? null : await StoreReader.open(plan.store);
  const slots = new Slots(2, slotBytes(plan.projector.plan, items));
  let last: Promise<unknown> = Promise.resolve();
  return {
    depth: 2,
    send(job) {
      const slot = slots.take();
      const turn = last.then(() => perform(projection, store, slots.memory, { ...job, slot }));
      last = turn.catch(() => undefined);
      return turn.then((answer) => slots.done(slot, answer));
    },
    async close() {
      await last;
      store?.close();
      await projection.close();
    },
  };
}

/** Starts threads, and waits until they can work. @param count threads @param items of one job, at most */
export async function threadProjector(
  plan: Omit<WorkerPlan, "slots">,
  count: number,
  items: number,
): Promise<Projector> {
  // Each thread has one job at work and one waiting; two more may wait to be written.
  const depth = 2 * count + 2;
  const slots = new Slots(depth, slotBytes(plan.projector.plan, items));
  const start: WorkerPlan = { ...plan, slots: slots.memory };
  const threads = await openAll(count, () => {
    const line = startThread<WorkerPlan, Job, Answer, null>(import.meta.url, "./worker.ts", "project-worker.js");
    return Thread.open(line, start, { name: "thread of the table build" });
  });
  const load = new Array<number>(count).fill(0);
  return {
    depth,
    async send(job) {
      const index = load.indexOf(Math.min(...load));
      const slot = slots.take();
      load[index]++;
      const columns = job.columns === null ? [] : [...job.columns.values()];
      const transfer = [...new Set(columns.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])))];
      const answer = await threads[index].ask({ ...job, slot }, { transfer });
      load[index]--;
      return slots.done(slot, answer);
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}
