// One worker thread as the pool sees it: which users' sides it holds, and which tables it was given.
import { TwinError } from "../../../contract/error.ts";
import { startThread } from "../../host/start-thread.ts";
import type { CacheStatus } from "../../table/layers.ts";
import { Thread } from "../../threads/thread.ts";
import { hold } from "../../twin/index.ts";
import type { RankAnswer, RankJob, RankReady, RankRequestJob, WorkerStart } from "./messages.ts";
import type { Tables } from "./tables.ts";

const lost = (why: string): TwinError =>
  new TwinError(
    `the worker thread that ran this request ended (${why}); another takes its place: send the request again`,
    { code: "thread_ended" },
  );

export class RankThread {
  readonly #thread: Thread<RankJob, RankAnswer, RankReady>;
  readonly #held = new Map<number, true>();
  #given: Tables;
  #cache: CacheStatus | null = null;

  private constructor(thread: Thread<RankJob, RankAnswer, RankReady>, given: Tables) {
    this.#thread = thread;
    this.#given = given;
  }

  /** Starts a thread and waits until it has opened the artefacts. */
  static async open(start: Omit<WorkerStart, "tables">, tables: Tables): Promise<RankThread> {
    const line = startThread<WorkerStart, RankJob, RankAnswer, RankReady>(
      import.meta.url,
      "./worker.ts",
      "rank-worker.js",
    );
    const release = tables.open?.hold();
    try {
      const whole: WorkerStart = { ...start, tables: tables.shared };
      return new RankThread(await Thread.open(line, whole, { name: "worker thread", lost }), tables);
    } finally {
      release?.();
    }
  }

  get warnings(): readonly string[] {
    return this.#thread.ready;
  }

  /** What its caches have done, as of its last answer. */
  get cache(): CacheStatus | null {
    return this.#cache;
  }

  holds(prepared: number): boolean {
    return this.#held.has(prepared);
  }

  /** Does one request, by the tables that it is due to use; the pool sees to it that there is only one. */
  async run(job: RankRequestJob, tables: Tables, signal: AbortSignal | null): Promise<RankAnswer> {
    // A side that the thread holds keeps the tables that it was computed by.
    if (job.kind !== "prepare" && this.holds(job.prepared)) {
      const answer = await this.#thread.ask({ ...job, request: null }, { signal });
      // A request that failed may have left it with another side than is known here.
      if (answer.result.kind !== "lacking") {
        this.#cache = answer.cache;
        return answer;
      }
    }
    if (this.#given !== tables) {
      await this.#thread.ask({ kind: "tables", tables: tables.shared });
      this.#given = tables;
    }
    const answer = await this.#thread.ask(job, { signal });
    this.#cache = answer.cache;
    hold(this.#held, job.prepared, true);
    return answer;
  }

  onDeath(listener: () => void): void {
    this.#thread.onDeath(listener);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  end(): Promise<void> {
    return this.#thread.end();
  }
}
