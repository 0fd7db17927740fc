// A `Twin` whose requests run in worker threads, off the event loop, over one shared copy of the tables.

import { TwinError } from "../../../contract/error.ts";
import type { Manifest } from "../../../contract/manifest.ts";
import type { Explanation } from "../../request/explain.ts";
import type { Ranking } from "../../request/ranking.ts";
import type { PrepareRequest, RankRequest } from "../../request/request.ts";
import { type GenerationTables, holdFor, type SharedGeneration } from "../../store/generation-tables.ts";
import type { OpenGeneration } from "../../table/live-tables.ts";
import { type Artefacts, openArtefacts } from "../artefacts.ts";
import {
  checkOptions,
  type LoadOptions,
  openTables,
  type Prepared,
  statusOf,
  type TablesStatus,
  type Twin,
} from "../twin.ts";
import { UnderWay } from "../under-way.ts";
import { type Job, receivedExplanations, receivedRanking } from "./messages.ts";
import { Thread } from "./thread.ts";

/** Replacements that may fail to start, one after the other, before the pool gives up. */
const FAILURES = 3;

type Result = Ranking | Explanation[] | null;

/** The tables that were in use at some time: a user's side is computed by the same ones wherever that happens. */
interface Tables {
  readonly open: OpenGeneration | null;
  readonly shared: SharedGeneration | null;
}

interface Queued {
  /** The job for a thread, which may or may not hold the user's side. */
  readonly job: (thread: Thread) => Extract<Job, { prepared: number }>;
  readonly prepared: number;
  readonly tables: Tables;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerTwin implements Twin {
  readonly #artefacts: Artefacts;
  readonly #tables: GenerationTables;
  readonly #options: LoadOptions;
  readonly #warnings: string[];
  #threads: Thread[] = [];
  #idle: Thread[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Which tables each thread has. */
  readonly #given = new WeakMap<Thread, Tables>();
  #now: Tables;
  #queue: Queued[] = [];
  #prepared = 0;
  #failures = 0;
  #starting = 0;
  readonly #underWay: UnderWay;
  #closed = false;

  private constructor(artefacts: Artefacts, tables: GenerationTables, options: LoadOptions, warnings: string[]) {
    this.#artefacts = artefacts;
    this.#tables = tables;
    this.#options = options;
    this.#warnings = warnings;
    this.#underWay = new UnderWay(artefacts.dir);
    this.#now = tablesNow(tables);
  }

  static async open(dir: string, options: LoadOptions, workers: number): Promise<WorkerTwin> {
    const warnings: string[] = [];
    const artefacts = await openArtefacts(dir, (message) => warnings.push(message), {
      verify: checkOptions(options).verify,
    });
    const tables = await openTables(artefacts, options);
    const twin = new WorkerTwin(artefacts, tables, options, warnings);
    const started = await Promise.allSettled(Array.from({ length: workers }, () => twin.#start()));
    const failed = started.find((one) => one.status === "rejected");
    if (failed !== undefined) {
      await twin.close();
      throw failed.reason;
    }
    return twin;
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
    return this.#threads.length;
  }

  prepare(request: PrepareRequest): Promise<Prepared> {
    return this.#underWay.run(async () => {
      const prepared = this.#prepared++;
      const tables = this.#now;
      const release = tables.open?.hold();
      try {
        await this.#do(prepared, tables, () => ({ kind: "prepare", prepared, request }));
        return this.#preparedOf(prepared, tables, request);
      } finally {
        release?.();
      }
    });
  }

  #preparedOf(prepared: number, tables: Tables, request: PrepareRequest): Prepared {
    const run = (kind: "rank" | "explain", candidates: RankRequest): Promise<Result> =>
      this.#underWay.run(async () => {
        const release = tables.open?.hold();
        try {
          return await this.#do(prepared, tables, (thread) => {
            return { kind, prepared, request: thread.holds(prepared) ? null : request, candidates };
          });
        } finally {
          release?.();
        }
      });
    const handle: Prepared = {
      rank: async (candidates) => receivedRanking((await run("rank", candidates)) as Ranking),
      explain: async (candidates) => receivedExplanations((await run("explain", candidates)) as Explanation[]),
    };
    holdFor(handle, tables.open);
    return handle;
  }

  status(): TablesStatus {
    this.#underWay.expectOpen();
    const generation = this.#tables.current();
    return statusOf(generation, this.#artefacts.weights);
  }

  refresh(): Promise<boolean> {
    return this.#underWay.run(async () => {
      if (!(await this.#tables.refresh())) return false;
      // Each thread takes them over before its next job that needs them.
      this.#now = tablesNow(this.#tables);
      return true;
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#rejectAll(new TwinError(`${this.dir} was closed: load it again`));
    return this.#underWay.close(async () => {
      await Promise.allSettled(this.#running);
      await Promise.allSettled(this.#threads.map((thread) => thread.close()));
      this.#threads = [];
      this.#tables.close();
      this.#artefacts.outside?.close();
    });
  }

  #do(prepared: number, tables: Tables, job: Queued["job"]): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, prepared, tables, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) {
      const queued = this.#queue.shift()!;
      const holder = this.#idle.findIndex((thread) => thread.holds(queued.prepared));
      const [thread] = this.#idle.splice(Math.max(0, holder), 1);
      const running = this.#run(thread, queued).finally(() => {
        this.#running.delete(running);
        if (!thread.gone && !this.#closed) this.#idle.push(thread);
        this.#dispatch();
      });
      this.#running.add(running);
    }
    if (this.#threads.length === 0 && this.#starting === 0) {
      this.#rejectAll(new TwinError("no worker thread is alive, and none could be started: load the folder again"));
    }
  }

  async #run(thread: Thread, { job, tables, resolve, reject }: Queued): Promise<void> {
    try {
      const due = job(thread);
      // A side that the thread holds keeps the tables that it was computed by.
      if ((due.kind === "prepare" || due.request !== null) && this.#given.get(thread) !== tables) {
        await thread.run({ kind: "tables", tables: tables.shared });
        this.#given.set(thread, tables);
      }
      const { result, warnings } = await thread.run(due);
      // The weights are checked once for all threads.
      await this.#artefacts.weights.sound;
      this.#warn(warnings);
      resolve(result);
    } catch (error) {
      reject(error as Error);
    }
  }

  async #start(): Promise<void> {
    const { threads, maxStaleness, providers, memory } = this.#options;
    const options: LoadOptions = {
      ...(threads !== undefined && { threads }),
      ...(maxStaleness !== undefined && { maxStaleness }),
      ...(providers !== undefined && { providers: [...providers] }),
      ...(memory !== undefined && { memory: { ...memory } }),
    };
    const tables = this.#now;
    const release = tables.open?.hold();
    this.#starting++;
    try {
      const start = { dir: this.dir, options, tables: tables.shared, weights: this.#artefacts.weights.identity };
      const { thread, warnings } = await Thread.start(start, (dead) => this.#replace(dead));
      this.#warn(warnings);
      this.#failures = 0;
      this.#threads.push(thread);
      this.#given.set(thread, tables);
      if (this.#closed) await thread.close();
      else this.#idle.push(thread);
    } finally {
      this.#starting--;
      release?.();
    }
    this.#dispatch();
  }

  #replace(dead: Thread): void {
    this.#threads = this.#threads.filter((thread) => thread !== dead);
    this.#idle = this.#idle.filter((thread) => thread !== dead);
    if (this.#closed) return;
    this.#start().catch((error: unknown) => {
      this.#warn([error instanceof Error ? error.message : String(error)]);
      this.#failures++;
      if (this.#failures < FAILURES) this.#replace(dead);
      else this.#dispatch();
    });
  }

  #rejectAll(error: TwinError): void {
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  #warn(messages: readonly string[]): void {
    for (const message of messages) if (!this.#warnings.includes(message)) this.#warnings.push(message);
  }
}

const tablesNow = (tables: GenerationTables): Tables => ({ open: tables.current(), shared: tables.share() });
