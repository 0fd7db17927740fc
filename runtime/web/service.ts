// The thread that ranks for a page: folder, tables and graphs are here; one job after the other.
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import type { GraphName } from "../../contract/manifest.ts";
import {
  type Engine,
  explainCandidates,
  KernelUse,
  longInPage,
  type PlanStatus,
  prepareSide,
  rankCandidates,
  rankGraphs,
  route,
  type UserSide,
  Variants,
} from "../request/index.ts";
import { DeviceFailure } from "../session/device-failure.ts";
import { Sessions } from "../session/session.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import type { Service } from "../threads/serve-calls.ts";
import { hold, sentExplanations } from "../twin/index.ts";
import { chooseDevice, type Device, type MakeLibrary } from "./device.ts";
import { openFolder } from "./folder.ts";
import type { SideOf, WebAnswer, WebJob, WebNote, WebReady, WebResult, WebStart } from "./messages.ts";
import type { CheckedOptions } from "./options.ts";
import { startLane } from "./start-lane.ts";
import type { Said } from "./status.ts";
import type { WebFolder } from "./web-folder.ts";

export type WebService = Service<WebJob, WebAnswer, WebReady>;

/** Opens a folder, and begins to open the graphs that a request needs. */
export const openService = (
  start: WebStart,
  note: (note: WebNote) => void,
  signal: AbortSignal | null,
): Promise<WebService> => openServiceOn(start, note, undefined, signal);

/** @param make the library that runs graphs, of tests */
export async function openServiceOn(
  start: WebStart,
  note: (note: WebNote) => void,
  make?: MakeLibrary,
  signal: AbortSignal | null = null,
): Promise<WebService> {
  const { options } = start;
  // The library is on its way while the folder is.
  const choosing = chooseDevice(start, make);
  choosing.catch(() => undefined);
  const folder = await openFolder(start.from, {
    integrity: options.integrity,
    maxStaleness: options.maxStaleness,
    largest: options.largest,
    pack: options.pack,
    ...(signal !== null && { signal }),
    progress: (done, total) => note({ kind: "progress", progress: { done, total } }),
  });
  return serviceOf(folder, await choosing, options);
}

/** Serves a folder that is open, on a device. */
export function serviceOf(
  folder: WebFolder,
  device: Device,
  { scoreBytes, kernelBytes, plan, threads }: Pick<CheckedOptions, "scoreBytes" | "kernelBytes" | "plan" | "threads">,
): WebService {
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (!warnings.includes(message)) {
      warnings.push(message);
    }
  };
  const sessions = new Sessions((name) => device.open(folder, name));
  const variants = new Variants(folder.manifest, warn);
  const { name: provider } = device.status();
  const elsewhere = provider === "wasm" ? null : `the kernel is for the CPU, and graphs run on ${provider}`;
  const kernel = new KernelUse(
    folder.manifest,
    plan,
    elsewhere,
    {
      lanes: threads,
      startLane,
      maxBytes: kernelBytes,
      warn,
    },
    longInPage,
  );
  const engine: Engine = {
    artefacts: folder,
    sessions,
    tables: folder.tables,
    variants,
    kernel,
    wholeTables: false,
    scoreBytes,
  };
  const served = new Served(engine, folder, device);
  for (const graph of usual(folder)) {
    // Whoever needs it is told what is wrong with it.
    sessions.open(graph).catch(() => undefined);
  }
  const said = (): Said => saidOf(folder, device, kernel.status(), [...warnings]);
  return {
    ready: { build: buildOf(folder), manifest: folder.manifest, dir: folder.dir, said: said() },
    async run(job, signal) {
      const result = await served.perform(job, signal).catch((error: unknown): WebResult => {
        if (error instanceof DeviceFailure) {
          return { kind: "failed device", provider: error.provider, because: error.message, stalled: error.stalled };
        }
        throw error;
      });
      return { result, said: said() };
    },
    async close() {
      await kernel.close();
      await sessions.close();
    },
  };
}

/** A build is told by its manifest, which has every file's hash. */
const buildOf = ({ manifest }: WebFolder): string => digestOf(new TextEncoder().encode(JSON.stringify(manifest)));

/** The graphs of a request with the tables as they are. */
function usual({ manifest, tables }: WebFolder): GraphName[] {
  const states = tables.current()?.freshness(Date.now() / 1000) ?? [];
  const way = route(
    manifest,
    states.some(({ state }) => state !== "fresh"),
  );
  return way.request !== null ? [way.request] : rankGraphs(way).filter((graph) => graph !== null);
}

function saidOf(
  { tables, traffic, notes }: WebFolder,
  device: Device,
  plan: PlanStatus,
  warnings: readonly string[],
): Said {
  const generation = tables.current();
  const at = Date.now() / 1000;
  return {
    provider: device.status(),
    generation: generation?.number ?? null,
    freshness: generation?.freshness(at) ?? [],
    at,
    traffic: { network: traffic.network, cache: traffic.cache },
    notes: [...notes],
    plan,
    warnings,
  };
}

class Served {
  readonly #engine: Engine;
  readonly #folder: WebFolder;
  readonly #device: Device;
  readonly #held = new Map<number, UserSide>();
  /** Generations that somebody was prepared by. */
  readonly #generations = new Map<number, OpenGeneration>();

  constructor(engine: Engine, folder: WebFolder, device: Device) {
    this.#engine = engine;
    this.#folder = folder;
    this.#device = device;
  }

  async perform(job: WebJob, signal: AbortSignal | null): Promise<WebResult> {
    switch (job.kind) {
      case "prepare": {
        const current = this.#engine.tables.current();
        const side = await this.#prepare({ ...job, generation: current?.number ?? null }, signal);
        return { kind: "prepared", generation: side.generation?.number ?? null };
      }
      case "rank":
      case "explain": {
        const { side: of, candidates } = job;
        const held = this.#held.get(of.prepared);
        if (held === undefined && of.request === null) {
          return { kind: "lacking" };
        }
        const side = held ?? (await this.#prepare(of as SideOf, signal));
        return job.kind === "rank"
          ? { kind: "ranking", ranking: await rankCandidates(this.#engine, side, candidates, signal) }
          : sentExplanations(await explainCandidates(this.#engine, side, candidates, signal));
      }
      case "refresh":
        return { kind: "refreshed", other: await this.#folder.tables.refresh(signal) };
      case "verify":
        return { kind: "verified", checks: await this.#device.verify(this.#folder, this.#engine.sessions) };
      case "forget":
        this.#generations.delete(job.generation);
        return { kind: "done" };
    }
  }

  async #prepare({ prepared, request, generation }: SideOf, signal: AbortSignal | null): Promise<UserSide> {
    const side = await prepareSide(this.#by(generation), request, signal);
    hold(this.#held, prepared, side);
    return side;
  }

  /** The engine over the tables of a generation. */
  #by(number: number | null): Engine {
    const now = this.#engine.tables.current();
    if (number === (now?.number ?? null)) {
      if (now !== null) {
        this.#generations.set(now.number, now);
      }
      return this.#engine;
    }
    const { maxStaleness } = this.#engine.tables;
    const before = number === null ? null : this.#generations.get(number);
    if (before === undefined) {
      throw new TwinError(
        `this user was prepared by tables of generation ${number}, which are not at hand any more: prepare the user again`,
      );
    }
    return { ...this.#engine, tables: { maxStaleness, current: () => before } };
  }
}
