// The threads of a table build: jobs go out to whoever is free, answers come back in the order of the jobs.
import { TwinError } from "../../contract/error.ts";
import { startThread } from "../host/start-thread.ts";
import { type Answer, type Job, perform, type WorkerPlan } from "./perform.ts";
import { type Projected, Projection, rowsIn, slotBytes } from "./projection.ts";
import { StoreReader } from "./store-reader.ts";

export interface Done {
  readonly projected: Projected;
  /** Seconds of reading encoded items. */
  readonly read: number;
  /** Encoded rows by table, in memory that is used again after `release`. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
  release(): void;
}

/** Whoever projects: threads, or this thread. Jobs may be sent while earlier ones run. */
export interface Projector {
  /** At most `depth` answers may be unreleased. */
  send(job: Omit<Job, "id" | "slot">): Promise<Done>;
  readonly depth: number;
  close(): Promise<void>;
}

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
    if (slot === undefined) throw new Error("more jobs than slots");
    return slot;
  }

  done(slot: number, answer: Answer): Done {
    if (!("projected" in answer)) throw answer.known ? new TwinError(answer.error) : new Error(answer.error);
    const { projected, read } = answer;
    return { projected, read, rows: rowsIn(this.memory[slot], projected.bytes), release: () => this.#free.push(slot) };
  }
}

/** A projector in this thread, for builds that are done before a thread would have started. @param items of one job, at most */
export async function localProjector(plan: Omit<WorkerPlan, "slots">, items: number): Promise<Projector> {
  const projection = await Projection.open(plan.projection);
  const store = plan.store === null ? null : await StoreReader.open(plan.store);
  const slots = new Slots(2, slotBytes(plan.projection, items));
  let last: Promise<unknown> = Promise.resolve();
  return {
    depth: 2,
    send(job) {
      const slot = slots.take();
      const turn = last.then(() => perform(projection, store, slots.memory, { ...job, id: 0, slot }));
      last = turn;
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
  const slots = new Slots(depth, slotBytes(plan.projection, items));
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: unknown): void }>();
  const load = new Array<number>(count).fill(0);
  let failure: Error | null = null;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
    started.reject(failure);
  };
  const started = settled();
  let ready = 0;
  const threads = Array.from({ length: count }, (_, index) => {
    const worker = startThread(import.meta.url, "./worker.ts", "project-worker.js", { ...plan, slots: slots.memory });
    worker.on("message", (answer: Answer | "ready") => {
      if (answer === "ready") {
        if (++ready === count) started.resolve();
        return;
      }
      load[index]--;
      waiting.get(answer.id)?.resolve(answer);
      waiting.delete(answer.id);
    });
    worker.on("error", fail);
    worker.on("exit", (code) => {
      if (waiting.size > 0 || ready < count) fail(new Error(`a thread of the table build ended (code ${code})`));
    });
    return worker;
  });
  try {
    await started.promise;
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.terminate()));
    throw error;
  }
  let id = 0;
  return {
    depth,
    send(job) {
      if (failure) return Promise.reject(failure);
      const index = load.indexOf(Math.min(...load));
      const slot = slots.take();
      load[index]++;
      const sent: Job = { ...job, id: id++, slot };
      const answer = new Promise<Answer>((resolve, reject) => waiting.set(sent.id, { resolve, reject }));
      const columns = job.columns === null ? [] : [...job.columns.values()];
      threads[index].postMessage(sent, [...new Set(columns.map((column) => column.buffer as ArrayBuffer))]);
      return answer.then((found) => slots.done(slot, found));
    },
    async close() {
      waiting.clear();
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}

/** A promise that is settled from outside, and whose rejection nobody need await. */
function settled(): { readonly promise: Promise<void>; resolve(): void; reject(error: unknown): void } {
  let resolve = (): void => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  promise.catch(() => undefined);
  return { promise, resolve: () => resolve(), reject: (error) => reject(error) };
}
