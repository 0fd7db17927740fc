// One worker thread as the pool sees it: it does one job at a time, and may die.
import type { Worker } from "node:worker_threads";
import { TwinError } from "../../../contract/error.ts";
import { startThread } from "../../host/start-thread.ts";
import { type Answer, hold, type Job, type WorkerStart } from "./messages.ts";

type Done = Extract<Answer, { kind: "done" }>;

interface Waiting {
  readonly resolve: (answer: Done) => void;
  readonly reject: (error: Error) => void;
}

export class Thread {
  readonly #worker: Worker;
  readonly #held = new Map<number, true>();
  #waiting: Waiting | null = null;
  #gone = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts a thread and waits until it has opened the artefacts. @param died called when it ends by itself */
  static start(
    start: WorkerStart,
    died: (thread: Thread) => void,
  ): Promise<{ thread: Thread; warnings: readonly string[] }> {
    const worker = startThread(import.meta.url, "./worker.ts", "rank-worker.js", start);
    const thread = new Thread(worker);
    return new Promise((resolve, reject) => {
      let ready = false;
      const end = (why: string) => {
        if (thread.#gone) return;
        thread.#gone = true;
        const message = `the worker thread that ran this request ended (${why}); another takes its place: send the request again`;
        thread.#waiting?.reject(new TwinError(message));
        thread.#waiting = null;
        if (ready) died(thread);
        else reject(new TwinError(`a worker thread could not start: ${why}`));
      };
      worker.on("message", (answer: Answer) => {
        if (answer.kind === "ready") {
          ready = true;
          resolve({ thread, warnings: answer.warnings });
        } else if (!ready) {
          thread.#gone = true;
          reject(errorOf(answer as Extract<Answer, { kind: "failed" }>));
        } else {
          thread.#settle(answer);
        }
      });
      worker.on("error", (error: unknown) => end(error instanceof Error ? error.message : String(error)));
      worker.on("exit", (code) => end(`exit code ${code}`));
    });
  }

  get gone(): boolean {
    return this.#gone;
  }

  holds(prepared: number): boolean {
    return this.#held.has(prepared);
  }

  /** Does one job; the pool sees to it that there is only one. */
  async run(job: Job): Promise<Done> {
    if (this.#gone) throw new TwinError("the worker thread has ended; send the request again");
    const answer = await new Promise<Done>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      try {
        this.#worker.postMessage(job);
      } catch (error) {
        this.#waiting = null;
        const reason = error instanceof Error ? error.message : String(error);
        reject(
          new TwinError(`the request cannot be sent to a worker thread: ${reason}. Bring plain columns`, {
            cause: error,
          }),
        );
      }
    });
    if (job.kind === "prepare" || ((job.kind === "rank" || job.kind === "explain") && job.request !== null)) {
      hold(this.#held, job.prepared, true);
    }
    return answer;
  }

  /** Asks the thread to release everything, then ends it. */
  async close(): Promise<void> {
    if (this.#gone) return;
    try {
      await this.run({ kind: "close" });
    } finally {
      this.#gone = true;
      await this.#worker.terminate();
    }
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    if (answer.kind === "done") waiting.resolve(answer);
    else waiting.reject(errorOf(answer as Extract<Answer, { kind: "failed" }>));
  }
}

function errorOf({ message, ours }: Extract<Answer, { kind: "failed" }>): Error {
  return ours ? new TwinError(message) : new Error(message);
}
