// Requests served in this thread: each waits for its place, and what it was prepared by is held while it runs.
import type { DeltaStatus } from "../delta/delta-status.ts";
import {
  type Engine,
  type Explanation,
  explainCandidates,
  type PrepareRequest,
  prepareSide,
  type Ranking,
  type RankRequest,
  rankCandidates,
  type UserSide,
} from "../request/index.ts";
import { holdFor } from "../table/hold.ts";
import type { CacheStatus } from "../table/layers.ts";
import { CallQueue, placesFor } from "../threads/queue.ts";
import type { CallOptions } from "../threads/wanted.ts";
import { statusOf, type TablesStatus, type WeightsStatus } from "./status.ts";
import type { Prepared } from "./twin.ts";
import { UnderWay } from "./under-way.ts";

/**
 * Requests that one thread does at once: one waits for its tables while another runs its graph. Graphs run one at a time.
 */
const atOnce = 4;

export class Requests {
  readonly #engine: Engine;
  readonly #underWay: UnderWay;
  readonly #queue: CallQueue<true, null>;

  /** @param queue requests that may wait */
  constructor(engine: Engine, queue: number) {
    this.#engine = engine;
    this.#queue = new CallQueue(queue, placesFor(atOnce));
    this.#underWay = new UnderWay(engine.artefacts.dir);
  }

  prepare(request: PrepareRequest, options: CallOptions = {}): Promise<Prepared> {
    return this.#queued(options, async (signal) => {
      const release = this.#engine.tables.current()?.hold();
      try {
        return new LocalPrepared(this.#engine, await prepareSide(this.#engine, request, signal), this.#queued);
      } finally {
        release?.();
      }
    });
  }

  /** @throws TwinError once `close` was called */
  status(weights: WeightsStatus, cache: CacheStatus | null = null, deltas: DeltaStatus | null = null): TablesStatus {
    this.#underWay.expectOpen();
    const { tables, kernel } = this.#engine;
    return statusOf(tables.current(), weights, this.#queue, 0, kernel.status(), cache, deltas);
  }

  /** Does what waits for no place; `close` waits for it. */
  run<T>(job: () => Promise<T>): Promise<T> {
    return this.#underWay.run(job);
  }

  /** Waits for all that was asked for before, then does `end`. */
  close(end: () => Promise<void>): Promise<void> {
    return this.#underWay.close(async () => {
      await this.#queue.idle();
      await end();
    });
  }

  /** Does what was asked for when its turn comes. */
  readonly #queued: RunCall = (options, work) =>
    this.#underWay.run(() => this.#queue.run(null, options, (_, signal) => work(signal)));
}

type RunCall = <T>(options: CallOptions, work: (signal: AbortSignal | null) => Promise<T>) => Promise<T>;

class LocalPrepared implements Prepared {
  readonly #engine: Engine;
  readonly #side: UserSide;
  readonly #run: RunCall;

  constructor(engine: Engine, side: UserSide, run: RunCall) {
    this.#engine = engine;
    this.#side = side;
    this.#run = run;
    holdFor(this, side.generation);
  }

  rank(request: RankRequest, options: CallOptions = {}): Promise<Ranking> {
    return this.#held(options, (signal) => rankCandidates(this.#engine, this.#side, request, signal));
  }

  explain(request: RankRequest, options: CallOptions = {}): Promise<Explanation[]> {
    return this.#held(options, (signal) => explainCandidates(this.#engine, this.#side, request, signal));
  }

  /** The caller may let go of this object while it runs. */
  #held<T>(options: CallOptions, work: (signal: AbortSignal | null) => Promise<T>): Promise<T> {
    return this.#run(options, async (signal) => {
      const release = this.#side.generation?.hold();
      try {
        return await work(signal);
      } finally {
        release?.();
      }
    });
  }
}
