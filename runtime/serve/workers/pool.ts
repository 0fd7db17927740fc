// A `Twin` whose requests run in worker threads, off the event loop, over one shared copy of the tables.

import type { Manifest } from "../../../contract/manifest.ts";
import type { PlanStatus, PrepareRequest, RankRequest } from "../../request/index.ts";
import type { GenerationTables } from "../../store/index.ts";
import { holdFor } from "../../table/hold.ts";
import { type CacheStatus, cachesTogether } from "../../table/layers.ts";
import { Crew } from "../../threads/crew.ts";
import { CallQueue } from "../../threads/queue.ts";
import type { CallOptions } from "../../threads/wanted.ts";
import {
  type Prepared,
  type RankResult,
  receivedExplanations,
  receivedRanking,
  statusOf,
  type TablesStatus,
  type Twin,
  UnderWay,
} from "../../twin/index.ts";
import { type Artefacts, openArtefacts } from "../artefacts.ts";
import { Looking } from "../looking.ts";
import { checkOptions, chosenKernel, type LoadOptions, openTables } from "../twin.ts";
import type { RankRequestJob } from "./messages.ts";
import { type Tables, tablesNow } from "./tables.ts";
import { RankThread } from "./thread.ts";

export class WorkerTwin implements Twin {
  readonly #artefacts: Artefacts;
  readonly #tables: GenerationTables;
  readonly #warnings: string[];
  readonly #crew: Crew<RankThread>;
  readonly #queue: CallQueue<RankThread, number>;
  readonly #underWay: UnderWay;
  readonly #looking: Looking;
  #now: Tables;
  /** As the threads have it, whose kernels are their own. */
  readonly #plan: PlanStatus;
  readonly #cacheBytes: number;
  #prepared = 0;

  private constructor(
    artefacts: Artefacts,
    tables: GenerationTables,
    options: LoadOptions,
    warnings: string[],
    plan: PlanStatus,
  ) {
    this.#artefacts = artefacts;
    this.#tables = tables;
    this.#warnings = warnings;
    this.#underWay = new UnderWay(artefacts.dir);
    this.#now = tablesNow(tables);
    this.#looking = new Looking(async () => this.#taken(await tables.look()));
    this.#plan = plan;
    this.#cacheBytes = options.cache ?? 0;
    this.#crew = new Crew({
      open: () => this.#open(options),
      changed: () => this.#changed(),
      warn: (message) => this.#warn([message]),
    });
    this.#queue = new CallQueue(checkOptions(options).queue, {
      // The thread that holds the user's side, if it is free.
      take: (prepared) => this.#crew.take((thread) => thread.holds(prepared)),
      give: (thread) => this.#crew.give(thread),
    });
  }

  static async open(dir: string, options: LoadOptions, workers: number): Promise<WorkerTwin> {
    const warnings: string[] = [];
    const artefacts = await openArtefacts(dir, (message) => warnings.push(message), {
      verify: checkOptions(options).verify,
    });
    // Each thread has a kernel of its own; what may go by it is the same for all.
    const plan = chosenKernel(artefacts, checkOptions(options), workers, () => undefined).status();
    const tables = await openTables(artefacts, { ...options, cache: 0 });
    const twin = new WorkerTwin(artefacts, tables, options, warnings, plan);
    try {
      await twin.#crew.start(workers);
      return twin;
    } catch (error) {
      await twin.close();
      throw error;
    }
  }

  get dir(): string {
    return this.#artefacts.dir;
  }

  get manifest(): Manifest {
    return this.#artefacts.manifest;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Threads that are alive. */
  get alive(): number {
    return this.#crew.alive;
  }

  async prepare(request: PrepareRequest, options: CallOptions = {}): Promise<Prepared> {
    const prepared = this.#prepared++;
    const tables = this.#now;
    const release = tables.open?.hold();
    try {
      await this.#run({ kind: "prepare", prepared, request }, tables, options);
      return this.#preparedOf(prepared, tables, request);
    } finally {
      release?.();
    }
  }

  #preparedOf(prepared: number, tables: Tables, request: PrepareRequest): Prepared {
    const run = (kind: "rank" | "explain", candidates: RankRequest, options: CallOptions = {}) =>
      this.#run({ kind, prepared, request, candidates }, tables, options);
    const handle: Prepared = {
      rank: async (candidates, options) => receivedRanking(await run("rank", candidates, options)),
      explain: async (candidates, options) => receivedExplanations(await run("explain", candidates, options)),
    };
    holdFor(handle, tables.open);
    return handle;
  }

  #run(job: RankRequestJob, tables: Tables, options: CallOptions): Promise<RankResult> {
    return this.#underWay.run(async () => {
      if (this.#crew.broken !== null) {
        throw this.#crew.broken;
      }
      const whileWaiting = tables.open?.hold();
      try {
        return await this.#queue.run(job.prepared, options, async (thread, signal) => {
          // It may go on when nobody wants its result any more.
          const whileRunning = tables.open?.hold();
          try {
            const { result, warnings } = await thread.run(job, tables, signal);
            // The weights are checked once for all threads.
            await this.#artefacts.weights.sound;
            this.#warn(warnings);
            return result;
          } finally {
            whileRunning?.();
          }
        });
      } finally {
        whileWaiting?.();
      }
    });
  }

  status(): TablesStatus {
    this.#underWay.expectOpen();
    const weights = this.#artefacts.weights.status();
    return statusOf(
      this.#tables.current(),
      weights,
      this.#queue,
      this.alive,
      this.#plan,
      this.#cache(),
      this.#tables.deltas(),
    );
  }

  /** Of all threads, each as of its last answer. */
  #cache(): CacheStatus | null {
    const caches = [...this.#crew.members].flatMap(({ cache }) => cache ?? []);
    return this.#cacheBytes === 0 ? null : cachesTogether(this.#cacheBytes, caches);
  }

  refresh(): Promise<boolean> {
    return this.#underWay.run(async () => this.#taken(await this.#tables.refresh()));
  }

  /** Each thread takes new tables over before its next job that needs them. */
  #taken(newer: boolean): boolean {
    if (newer) {
      this.#now = tablesNow(this.#tables);
    }
    return newer;
  }

  close(): Promise<void> {
    return this.#underWay.close(async () => {
      await this.#looking.end();
      await this.#queue.idle();
      await this.#crew.close();
      this.#tables.close();
      this.#artefacts.outside?.close();
    });
  }

  async #open({
    threads,
    maxStaleness,
    providers,
    memory,
    plan,
    cache,
    workers = 1,
  }: LoadOptions): Promise<RankThread> {
    const options: LoadOptions = {
      ...(threads !== undefined && { threads }),
      ...(maxStaleness !== undefined && { maxStaleness }),
      ...(providers !== undefined && { providers: [...providers] }),
      ...(memory !== undefined && { memory: { ...memory } }),
      ...(plan !== undefined && { plan }),
      ...(cache !== undefined && { cache: Math.floor(cache / workers) }),
    };
    const start = { dir: this.dir, options, weights: this.#artefacts.weights.identity, workers };
    const thread = await RankThread.open(start, this.#now);
    this.#warn(thread.warnings);
    return thread;
  }

  #changed(): void {
    if (this.#crew.broken !== null) {
      this.#queue.refuse(this.#crew.broken);
    } else {
      this.#queue.advance();
    }
  }

  #warn(messages: readonly string[]): void {
    for (const message of messages) {
      if (!this.#warnings.includes(message)) {
        this.#warnings.push(message);
      }
    }
  }
}
