// A build folder on this machine, loaded: what may be asked of `load`, and the one that serves requests in this thread.

import { availableParallelism } from "node:os";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { type Engine, KernelUse, type PrepareRequest, Variants, type WantedPlan } from "../request/index.ts";
import { Sessions } from "../session/session.ts";
import { nodeSessions } from "../session/session-node.ts";
import { GenerationTables, type SharedGeneration, type StoreKind } from "../store/index.ts";
import { parseDuration } from "../table/freshness.ts";
import type { CacheStatus } from "../table/layers.ts";
import type { CallOptions } from "../threads/wanted.ts";
import {
  expectKnown,
  type Prepared,
  planOption,
  Requests,
  type TablesStatus,
  type Twin,
  wholeOption,
} from "../twin/index.ts";
import { type Artefacts, openArtefacts } from "./artefacts.ts";
import { Looking } from "./looking.ts";
import { startLane } from "./start-lane.ts";
import type { Verify } from "./weights-check.ts";

export interface LoadOptions {
  /** Execution providers in order of preference; default `["cpu"]`. */
  readonly providers?: readonly string[];
  /** Threads of one operator; default 2. */
  readonly threads?: number;
  /** How old a table made with other weights may be: seconds or `"15min"`; default 0, none may be used. */
  readonly maxStaleness?: number | string;
  /** Threads that run requests off the event loop, over one copy of the tables; default 0, this thread runs them. */
  readonly workers?: number;
  /** Requests that may wait while others run; default 256. One more is refused. */
  readonly queue?: number;
  /**
   * `"blocks"` (default): no answer leaves before every block of the weights that its graphs read is held against its hash.
   * `"sizes"`: answers leave at once, and damaged weights give wrong scores.
   */
  readonly verify?: Verify;
  /**
   * `"auto"` (default): the selection kernel searches and attends where the model has one, the first provider is the CPU and
   * the history is neither short nor very long. `"kernel"`: always. `"graph"`: never.
   */
  readonly plan?: WantedPlan;
  /**
   * Where tables and items are read: `"auto"` (default) from the folder, or, where it holds none, from the Redis that
   * `twin table publish` filled; `"files"` or `"redis"`: from there.
   */
  readonly store?: StoreKind;
  /** `"follow"` (default): the releases of a folder that has some (`twin release`). `"none"`: what lies in the folder itself. */
  readonly release?: "follow" | "none";
  /**
   * Bytes for rows that are kept in memory of those that lie in a Redis or in files: of tables, items and embeddings, shared
   * among the worker threads. Default 0. `status().cache` says what comes of it.
   */
  readonly cache?: number;
  readonly memory?: {
    /** A table of more bytes stays in its file; default 2 GB. */
    readonly table?: number;
    /** Bytes that the scores of one run may take; sets how many candidates are ranked at once. Default 128 MB. */
    readonly scores?: number;
    /** Bytes that the users in the selection kernel's memory may take; default 128 MB. */
    readonly kernel?: number;
  };
}

export interface Elsewhere {
  readonly tables: SharedGeneration | null;
  /** Which weights are checked there; null: none are. */
  readonly weights: string | null;
  /** Threads that share this machine's cores. */
  readonly workers: number;
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
  readonly #requests: Requests;
  /** Null: another thread looks. */
  readonly #looking: Looking | null;

  private constructor(
    engine: LocalEngine,
    tables: GenerationTables,
    warnings: readonly string[],
    queue: number,
    looks: boolean,
  ) {
    this.engine = engine;
    this.#requests = new Requests(engine, queue);
    this.#tables = tables;
    this.#looking = looks ? new Looking(() => tables.look()) : null;
    this.warnings = warnings;
  }

  /** @param elsewhere what another thread opened and checks, instead of what is on disk */
  static async open(dir: string, options: LoadOptions, elsewhere?: Elsewhere): Promise<LocalTwin> {
    const warnings: string[] = [];
    const warn = (message: string) => {
      if (!warnings.includes(message)) {
        warnings.push(message);
      }
    };
    const checked = checkOptions(options);
    const shared = elsewhere?.tables;
    const artefacts = await openArtefacts(dir, warn, { verify: checked.verify, ...elsewhere });
    const { providers, threads } = checked;
    const kernel = chosenKernel(artefacts, checked, elsewhere?.workers ?? 1, warn);
    const tables = await openTables(artefacts, options, shared);
    const sessions = new Sessions(nodeSessions(artefacts, { providers, threads, warn }), artefacts.weights.sound);
    const wholeTables = providers[0] === "cpu" && shared === undefined;
    const variants = new Variants(artefacts.manifest, warn);
    const engine = {
      artefacts: outsideOf(artefacts, tables),
      sessions,
      tables,
      variants,
      kernel,
      wholeTables,
      scoreBytes: checked.scoreBytes,
    };
    return new LocalTwin(engine, tables, warnings, checked.queue, elsewhere === undefined);
  }

  get dir(): string {
    return this.engine.artefacts.dir;
  }

  get manifest(): Manifest {
    return this.engine.artefacts.manifest;
  }

  prepare(request: PrepareRequest, options: CallOptions = {}): Promise<Prepared> {
    return this.#requests.prepare(request, options);
  }

  status(): TablesStatus {
    return this.#requests.status(this.engine.artefacts.weights.status(), this.#tables.cache(), this.#tables.deltas());
  }

  /** What its caches have done. */
  cache(): CacheStatus | null {
    return this.#tables.cache();
  }

  refresh(): Promise<boolean> {
    return this.#requests.run(() => this.#tables.refresh());
  }

  /** Uses the tables that another thread opened; null: it found none. */
  async attach(shared: SharedGeneration | null): Promise<void> {
    await this.#tables.attach(shared);
  }

  close(): Promise<void> {
    return this.#requests.close(async () => {
      await this.#looking?.end();
      await this.engine.kernel.close();
      await this.engine.sessions.close();
      this.#tables.close();
      this.engine.artefacts.outside?.close();
    });
  }
}

/** Artefacts whose outside embeddings are read where the tables in use lie. */
const outsideOf = (artefacts: Artefacts, tables: GenerationTables): Artefacts =>
  artefacts.outside === null
    ? artefacts
    : {
        ...artefacts,
        outside: {
          rows: (parameter, dim) => tables.embedding(parameter, dim),
          close: () => artefacts.outside?.close(),
        },
      };

/** Opens the tables in use, for one thread or, where `workers` are asked for, for several. */
export function openTables(
  artefacts: Artefacts,
  options: LoadOptions,
  shared?: SharedGeneration | null,
): Promise<GenerationTables> {
  return GenerationTables.open(artefacts, {
    maxStaleness: parseDuration(options.maxStaleness ?? 0, "maxStaleness"),
    memoryLimit: options.memory?.table ?? 2 ** 31,
    store: options.store ?? "auto",
    cache: options.cache ?? 0,
    share: (options.workers ?? 0) > 0,
    ...(shared === undefined ? {} : { shared }),
  });
}

/**
 * The kernel by which a folder's requests go, not opened yet.
 * @throws TwinError where it is asked for and there is none; then nothing of the folder stays open
 */
export function chosenKernel(
  artefacts: Artefacts,
  { plan, providers, threads, kernelBytes }: ReturnType<typeof checkOptions>,
  workers: number,
  warn: (message: string) => void,
): KernelUse {
  try {
    return new KernelUse(artefacts.manifest, plan, foreignDevice(providers), {
      lanes: Math.max(1, Math.min(threads, Math.floor(availableParallelism() / workers))),
      startLane,
      maxBytes: kernelBytes,
      warn,
    });
  } catch (error) {
    artefacts.outside?.close();
    throw error;
  }
}

/** Why requests are not the kernel's; null: they are. */
const foreignDevice = ([first]: readonly string[]): string | null =>
  first === "cpu" ? null : `the kernel is for the CPU, and the first provider is ${first}`;

const known = [
  "providers",
  "threads",
  "maxStaleness",
  "workers",
  "queue",
  "memory",
  "verify",
  "plan",
  "store",
  "release",
  "cache",
];

/** @throws TwinError naming the option */
export function checkOptions(options: LoadOptions): {
  providers: string[];
  threads: number;
  scoreBytes: number;
  workers: number;
  queue: number;
  cache: number;
  verify: Verify;
  plan: WantedPlan;
  kernelBytes: number;
  release: "follow" | "none";
} {
  expectKnown(options, known);
  const providers = [...(options.providers ?? ["cpu"])];
  if (providers.length === 0 || providers.some((one) => typeof one !== "string")) {
    throw new TwinError('load: providers must be names of execution providers, such as ["cuda", "cpu"]');
  }
  const { verify = "blocks" } = options;
  if (verify !== "blocks" && verify !== "sizes") {
    throw new TwinError(`load: verify is ${JSON.stringify(verify)}; bring "blocks" (the default) or "sizes"`);
  }
  const { store = "auto" } = options;
  if (!["auto", "files", "redis"].includes(store)) {
    throw new TwinError(`load: store is ${JSON.stringify(store)}; bring "auto" (the default), "files" or "redis"`);
  }
  const { release = "follow" } = options;
  if (release !== "follow" && release !== "none") {
    throw new TwinError(`load: release is ${JSON.stringify(release)}; bring "follow" (the default) or "none"`);
  }
  return {
    providers,
    verify,
    release,
    plan: planOption(options.plan),
    kernelBytes: wholeOption("memory.kernel", options.memory?.kernel ?? 2 ** 27, 1),
    threads: wholeOption("threads", options.threads ?? 2, 1),
    scoreBytes: wholeOption("memory.scores", options.memory?.scores ?? 2 ** 27, 1),
    workers: wholeOption("workers", options.workers ?? 0, 0),
    queue: wholeOption("queue", options.queue ?? 256, 0),
    cache: wholeOption("cache", options.cache ?? 0, 0),
  };
}
