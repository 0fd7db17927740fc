// A thread that assembles the next batch while ONNX Runtime runs.
import type { Worker } from "node:worker_threads";
import { TwinError } from "../../contract/error.ts";
import { startThread } from "../host/start-thread.ts";
import type { Assembled } from "../learn/assemble.ts";
import type { Part } from "../learn/dataset.ts";
import type { Feeder } from "../learn/feeder.ts";
import type { TrainPlan } from "../learn/plan.ts";

/** Where a data set lies, so that a thread can open it for itself. */
export interface DatasetPlace {
  readonly folder: string;
  /** URL of a module with `openDataset(folder): Dataset`; null: folders of `twin data prepare`. */
  readonly module: string | null;
}

/** What the thread starts with. */
export interface FeederStart {
  readonly place: DatasetPlace;
  readonly plan: TrainPlan;
  readonly seed: number;
}

export type FeederJob = { readonly id: number } & (
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "samples"; readonly part: Part; readonly samples: Uint32Array }
);

type PartCounts = Readonly<Record<Part, number>>;

export type FeederAnswer =
  | { readonly kind: "ready"; readonly fingerprint: string; readonly users: number; readonly counts: PartCounts }
  | { readonly kind: "batch"; readonly id: number; readonly batch: Assembled }
  /** `id` is −1 where the data set could not be opened. */
  | { readonly kind: "failed"; readonly id: number; readonly message: string; readonly ours: boolean };

/** Starts a thread that opens the data set. @throws TwinError where it cannot */
export async function threadFeeder(start: FeederStart): Promise<Feeder> {
  const worker = startThread(import.meta.url, "./worker.ts", "train-worker.js", start);
  const feeder = new ThreadFeeder(worker);
  await feeder.opened;
  return feeder;
}

interface Waiting {
  readonly resolve: (batch: Assembled) => void;
  readonly reject: (error: Error) => void;
}

class ThreadFeeder implements Feeder {
  readonly opened: Promise<void>;
  fingerprint = "";
  users = 0;
  #counts: PartCounts = { training: 0, validation: 0, test: 0 };
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #failed: Error | null = null;
  #id = 0;
  #closing = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.opened = new Promise((resolve, reject) => {
      worker.on("message", (answer: FeederAnswer) => {
        if (answer.kind === "ready") {
          this.fingerprint = answer.fingerprint;
          this.users = answer.users;
          this.#counts = answer.counts;
          resolve();
        } else if (answer.kind === "batch") this.#take(answer.id)?.resolve(answer.batch);
        else {
          const error = answer.ours ? new TwinError(answer.message) : new Error(answer.message);
          if (answer.id === -1) reject(error);
          else this.#take(answer.id)?.reject(error);
        }
      });
      const gone = (error: Error): void => {
        reject(error);
        this.#failed = error;
        for (const { reject: refuse } of this.#waiting.values()) refuse(error);
        this.#waiting.clear();
      };
      worker.on("error", (error) => gone(error instanceof Error ? error : new Error(String(error))));
      worker.on("exit", (code) => {
        if (!this.#closing) gone(new Error(`the thread that assembles batches ended with code ${code}`));
      });
    });
  }

  count(part: Part): number {
    return this.#counts[part];
  }

  step(step: number): Promise<Assembled> {
    return this.#ask((id) => ({ id, kind: "step", step }));
  }

  samples(part: Part, samples: Uint32Array): Promise<Assembled> {
    return this.#ask((id) => ({ id, kind: "samples", part, samples }));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
  }

  #ask(job: (id: number) => FeederJob): Promise<Assembled> {
    if (this.#failed) return Promise.reject(this.#failed);
    const id = this.#id++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(job(id));
    });
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
