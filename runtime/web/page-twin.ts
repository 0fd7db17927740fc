// A `Twin` in a page: its requests wait here, and are served in the thread where the folder lives.
import type { Manifest } from "../../contract/manifest.ts";
import type { PrepareRequest, RankRequest } from "../request/index.ts";
import { CallQueue, placesFor } from "../threads/queue.ts";
import type { CallOptions } from "../threads/wanted.ts";
import {
  hold,
  type Prepared,
  type RankResult,
  receivedExplanations,
  receivedRanking,
  type Twin,
  UnderWay,
} from "../twin/index.ts";
import { bare } from "./bare.ts";
import type { Home, WebThread } from "./home.ts";
import type { SideOf, WebJob, WebResult } from "./messages.ts";
import { realm } from "./realm.ts";
import type { GraphCheck, Said, WebStatus } from "./status.ts";

/** A build folder that a page has loaded. */
export interface WebTwin extends Twin {
  status(): WebStatus;
  /** Holds every graph against the numbers that its build brought along, on the provider that runs here. */
  verify(): Promise<readonly GraphCheck[]>;
}

export interface PageTwinOptions {
  readonly home: Home;
  readonly queue: number;
  readonly worker: boolean;
  /** Told each warning once. */
  readonly warn: (message: string) => void;
  readonly warnings: readonly string[];
}

export class PageTwin implements WebTwin {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
  readonly #options: PageTwinOptions;
  readonly #home: Home;
  readonly #queue: CallQueue<true, null>;
  readonly #underWay: UnderWay;
  /** The thread, and the sides that it should hold. */
  #holds: { readonly by: WebThread; readonly sides: Map<number, true> };
  #said: Said;
  #last: Promise<unknown> = Promise.resolve();
  #prepared = 0;
  /** Users prepared by each generation that somebody still has. */
  readonly #users = new Map<number, number>();
  readonly #gone = new FinalizationRegistry<number>((generation) => this.#release(generation));

  private constructor(options: PageTwinOptions, thread: WebThread) {
    const { manifest, dir, said } = thread.ready;
    this.#options = options;
    this.#home = options.home;
    this.warnings = options.warnings;
    this.#queue = new CallQueue(options.queue, placesFor(1));
    this.#underWay = new UnderWay(dir);
    this.#holds = { by: thread, sides: new Map() };
    this.dir = dir;
    this.manifest = options.worker ? bare(manifest) : manifest;
    this.#said = said;
    this.#hear(said);
  }

  static async open(options: PageTwinOptions): Promise<PageTwin> {
    return new PageTwin(options, await options.home.thread());
  }

  async prepare(request: PrepareRequest, options: CallOptions = {}): Promise<Prepared> {
    const prepared = this.#prepared++;
    const result = await this.#queued(options, (signal) =>
      this.#perform({ kind: "prepare", prepared, request }, prepared, signal),
    );
    if (result.kind !== "prepared") {
      throw new Error(`the worker was to prepare a user, and answered "${result.kind}"`);
    }
    return this.#handle({ prepared, request, generation: result.generation });
  }

  #handle(side: SideOf): Prepared {
    const run = (kind: "rank" | "explain", candidates: RankRequest, options: CallOptions = {}): Promise<WebResult> =>
      this.#queued(options, (signal) => this.#rank(kind, side, candidates, signal));
    const handle: Prepared = {
      rank: async (candidates, options) => receivedRanking(ranked(await run("rank", candidates, options))),
      explain: async (candidates, options) => receivedExplanations(ranked(await run("explain", candidates, options))),
    };
    const { generation } = side;
    if (generation !== null) {
      this.#users.set(generation, (this.#users.get(generation) ?? 0) + 1);
      this.#gone.register(handle, generation);
    }
    return handle;
  }

  status(): WebStatus {
    this.#underWay.expectOpen();
    const { provider, generation, freshness, at, traffic, notes, plan } = this.#said;
    const since = Date.now() / 1000 - at;
    return {
      provider,
      generation,
      tables: freshness.map((one) => ({ ...one, age: one.age + since })),
      weights: { by: "blocks", state: "sound", because: "" },
      requests: {
        waiting: this.#queue.waiting,
        queue: this.#queue.limit,
        running: this.#queue.working,
        workers: this.#options.worker ? 1 : 0,
      },
      plan,
      release: null,
      refresh: null,
      cache: null,
      deltas: null,
      worker: this.#options.worker,
      crossOriginIsolated: realm.crossOriginIsolated === true,
      traffic,
      notes,
    };
  }

  refresh(): Promise<boolean> {
    return this.#underWay.run(async () => {
      const result = await this.#inTurn(() => this.#perform({ kind: "refresh" }, null, null));
      return result.kind === "refreshed" && result.other;
    });
  }

  verify(): Promise<readonly GraphCheck[]> {
    return this.#underWay.run(async () => {
      const result = await this.#inTurn(() => this.#perform({ kind: "verify" }, null, null));
      return result.kind === "verified" ? result.checks : [];
    });
  }

  close(): Promise<void> {
    return this.#underWay.close(async () => {
      await this.#queue.idle();
      await this.#last;
      await this.#home.close();
    });
  }

  #queued(options: CallOptions, work: (signal: AbortSignal | null) => Promise<WebResult>): Promise<WebResult> {
    return this.#underWay.run(() => this.#queue.run(null, options, (_, signal) => this.#inTurn(() => work(signal))));
  }

  /** One thing after the other, also what waits in no queue: a thread may be replaced meanwhile. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #rank(
    kind: "rank" | "explain",
    side: SideOf,
    candidates: RankRequest,
    signal: AbortSignal | null,
  ): Promise<WebResult> {
    const { by, sides } = this.#holds;
    if (!by.gone && sides.has(side.prepared)) {
      const short = { prepared: side.prepared, request: null };
      const result = await this.#perform({ kind, side: short, candidates }, side.prepared, signal);
      if (result.kind !== "lacking") {
        return result;
      }
    }
    return this.#perform({ kind, side, candidates }, side.prepared, signal);
  }

  /** @param prepared the side that the thread holds afterwards */
  async #perform(job: WebJob, prepared: number | null, signal: AbortSignal | null): Promise<WebResult> {
    for (;;) {
      const thread = await this.#home.thread();
      if (thread !== this.#holds.by) {
        this.#holds = { by: thread, sides: new Map() };
        this.#hear(thread.ready.said);
      }
      const { result, said } = await thread.ask(job, { signal });
      this.#hear(said);
      if (result.kind !== "failed device") {
        if (prepared !== null && result.kind !== "lacking") {
          hold(this.#holds.sides, prepared, true);
        }
        return result;
      }
      await this.#home.leave(thread, result);
      signal?.throwIfAborted();
    }
  }

  #hear(said: Said): void {
    this.#said = said;
    for (const warning of said.warnings) {
      this.#options.warn(warning);
    }
  }

  #release(generation: number): void {
    const left = (this.#users.get(generation) ?? 0) - 1;
    this.#users.set(generation, left);
    if (left > 0 || generation === this.#said.generation) {
      return;
    }
    this.#users.delete(generation);
    const { by } = this.#holds;
    if (!by.gone) {
      void by.ask({ kind: "forget", generation });
    }
  }
}

function ranked(result: WebResult): RankResult {
  if (result.kind === "ranking" || result.kind === "explanations") {
    return result;
  }
  throw new Error(`the worker was to rank, and answered "${result.kind}"`);
}
