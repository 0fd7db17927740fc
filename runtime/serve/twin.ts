// A loaded build folder: its public face, and the one that serves requests in this thread.

import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import type { Engine } from "../request/engine.ts";
import { type Explanation, explainCandidates } from "../request/explain.ts";
import { prepareSide, type UserSide } from "../request/prepare.ts";
import { rankCandidates } from "../request/rank.ts";
import type { Ranking } from "../request/ranking.ts";
import type { PrepareRequest, RankRequest } from "../request/request.ts";
import { Variants } from "../request/variants.ts";
import { Sessions } from "../session/session.ts";
import { nodeSessions } from "../session/session-node.ts";
import { GenerationTables, holdFor, type SharedGeneration } from "../store/generation-tables.ts";
import { type Freshness, parseDuration } from "../table/freshness.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { type Artefacts, openArtefacts } from "./artefacts.ts";
import { UnderWay } from "./under-way.ts";
import type { Verify, WeightsCheck, WeightsStatus } from "./weights-check.ts";

export interface LoadOptions {
  /** Execution providers in order of preference; default `["cpu"]`. */
  readonly providers?: readonly string[];
  /** Threads of one operator; default 2. */
  readonly threads?: number;
  /** How old a table made with other weights may be: seconds or `"15min"`; default 0, none may be used. */
  readonly maxStaleness?: number | string;
  /** Threads that run requests off the event loop, over one copy of the tables; default 0, this thread runs them. */
  readonly workers?: number;
  /**
   * `"blocks"` (default): no answer leaves before every block of the weights that its graphs read is held against its hash.
   * `"sizes"`: answers leave at once, and damaged weights give wrong scores.
   */
  readonly verify?: Verify;
  readonly memory?: {
    /** A table of more bytes stays in its file; default 2 GB. */
    readonly table?: number;
    /** Bytes that the scores of one run may take; sets how many candidates are ranked at once. Default 128 MB. */
    readonly scores?: number;
  };
}

/**
 * A user's side of a request; candidates may be ranked against it any number of times, always by the tables that were in
 * use when it was prepared.
 */
export interface Prepared {
  /** @throws TwinError naming the column and index of what is wrong */
  rank(request: RankRequest): Promise<Ranking>;
  /** Why each candidate has its score: meant for few candidates. */
  explain(request: RankRequest): Promise<Explanation[]>;
}

export interface TablesStatus {
  /** Number of the generation in use; null where none is built. */
  readonly generation: number | null;
  readonly tables: readonly Freshness[];
  /** Whether the weights were checked, and how. */
  readonly weights: WeightsStatus;
}

export interface Twin {
  readonly dir: string;
  readonly manifest: Manifest;
  /** What the caller should know: providers that cannot be had, artefacts recovered from a stopped build. */
  readonly warnings: readonly string[];
  prepare(request: PrepareRequest): Promise<Prepared>;
  status(): TablesStatus;
  /** Takes the newest generation into use; true where it is another one. */
  refresh(): Promise<boolean>;
  /** Waits for what is under way, and releases sessions, files and threads; everything else throws from then on. */
  close(): Promise<void>;
}

export interface Elsewhere {
  readonly tables: SharedGeneration | null;
  /** Which weights are checked there; null: none are. */
  readonly weights: string | null;
}

/** Artefacts that lie in a folder of this machine. */
export interface LocalEngine extends Engine {
  readonly artefacts: Artefacts;
}

/** A `Twin` of this thread, with its inner parts at hand for evaluation. */
export class LocalTwin implements Twin {
  readonly engine: LocalEngine;
  readonly warnings: readonly string[];
  readonly #tables: GenerationTables;
  readonly #underWay: UnderWay;

  private constructor(engine: LocalEngine, tables: GenerationTables, warnings: readonly string[]) {
    this.engine = engine;
    this.#underWay = new UnderWay(engine.artefacts.dir);
    this.#tables = tables;
    this.warnings = warnings;
  }

  /** @param elsewhere what another thread opened and checks, instead of what is on disk */
  static async open(dir: string, options: LoadOptions, elsewhere?: Elsewhere): Promise<LocalTwin> {
    const warnings: string[] = [];
    const warn = (message: string) => {
      if (!warnings.includes(message)) warnings.push(message);
    };
    const checked = checkOptions(options);
    const shared = elsewhere?.tables;
    const artefacts = await openArtefacts(dir, warn, { verify: checked.verify, ...elsewhere });
    const tables = await openTables(artefacts, options, shared);
    const { providers, threads } = checked;
    const sessions = new Sessions(nodeSessions(artefacts, { providers, threads, warn }), artefacts.weights.sound);
    const wholeTables = providers[0] === "cpu" && shared === undefined;
    const variants = new Variants(artefacts.manifest, warn);
    const engine = { artefacts, sessions, tables, variants, wholeTables, scoreBytes: checked.scoreBytes };
    return new LocalTwin(engine, tables, warnings);
  }

  get dir(): string {
    return this.engine.artefacts.dir;
  }

  get manifest(): Manifest {
    return this.engine.artefacts.manifest;
  }

  prepare(request: PrepareRequest): Promise<Prepared> {
    return this.#underWay.run(async () => {
      const release = this.#tables.current()?.hold();
      try {
        return new LocalPrepared(this.engine, await prepareSide(this.engine, request), this.#underWay);
      } finally {
        release?.();
      }
    });
  }

  status(): TablesStatus {
    this.#underWay.expectOpen();
    const generation = this.#tables.current();
    return statusOf(generation, this.engine.artefacts.weights);
  }

  refresh(): Promise<boolean> {
    return this.#underWay.run(() => this.#tables.refresh());
  }

  /** Uses the tables that another thread opened; null: it found none. */
  async attach(shared: SharedGeneration | null): Promise<void> {
    await this.#tables.attach(shared);
  }

  close(): Promise<void> {
    return this.#underWay.close(async () => {
      await this.engine.sessions.close();
      this.#tables.close();
      this.engine.artefacts.outside?.close();
    });
  }
}

class LocalPrepared implements Prepared {
  readonly #engine: Engine;
  readonly #side: UserSide;
  readonly #underWay: UnderWay;

  constructor(engine: Engine, side: UserSide, underWay: UnderWay) {
    this.#engine = engine;
    this.#side = side;
    this.#underWay = underWay;
    holdFor(this, side.generation);
  }

  rank(request: RankRequest): Promise<Ranking> {
    return this.#run(() => rankCandidates(this.#engine, this.#side, request));
  }

  explain(request: RankRequest): Promise<Explanation[]> {
    return this.#run(() => explainCandidates(this.#engine, this.#side, request));
  }

  /** The caller may let go of this object while it runs. */
  #run<T>(job: () => Promise<T>): Promise<T> {
    return this.#underWay.run(async () => {
      const release = this.#side.generation?.hold();
      try {
        return await job();
      } finally {
        release?.();
      }
    });
  }
}

export function statusOf(generation: OpenGeneration | null, weights: WeightsCheck): TablesStatus {
  return {
    generation: generation?.number ?? null,
    tables: generation?.freshness(Date.now() / 1000) ?? [],
    weights: weights.status(),
  };
}

/** Opens the tables in use, for one thread or, where `workers` are asked for, for several. */
export function openTables(
  artefacts: Artefacts,
  options: LoadOptions,
  shared?: SharedGeneration | null,
): Promise<GenerationTables> {
  return GenerationTables.open(artefacts, {
    maxStaleness: parseDuration(options.maxStaleness ?? 0, "maxStaleness"),
    memoryLimit: options.memory?.table ?? 2 ** 31,
    share: (options.workers ?? 0) > 0,
    ...(shared === undefined ? {} : { shared }),
  });
}

const known = ["providers", "threads", "maxStaleness", "workers", "memory", "verify"];

/** @throws TwinError naming the option */
export function checkOptions(options: LoadOptions): {
  providers: string[];
  threads: number;
  scoreBytes: number;
  workers: number;
  verify: Verify;
} {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TwinError(`load has no option \`${name}\`; known: ${known.join(", ")}`);
  }
  const whole = (name: string, value: number, least: number): number => {
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new TwinError(`load: ${name} is ${String(value)}; bring a whole number from ${least} on`);
  };
  const providers = [...(options.providers ?? ["cpu"])];
  if (providers.length === 0 || providers.some((one) => typeof one !== "string")) {
    throw new TwinError('load: providers must be names of execution providers, such as ["cuda", "cpu"]');
  }
  const { verify = "blocks" } = options;
  if (verify !== "blocks" && verify !== "sizes")
    throw new TwinError(`load: verify is ${JSON.stringify(verify)}; bring "blocks" (the default) or "sizes"`);
  return {
    providers,
    verify,
    threads: whole("threads", options.threads ?? 2, 1),
    scoreBytes: whole("memory.scores", options.memory?.scores ?? 2 ** 27, 1),
    workers: whole("workers", options.workers ?? 0, 0),
  };
}
