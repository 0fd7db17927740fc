// What may be asked of `load` in a page.
import { TwinError } from "../../contract/error.ts";
import type { WantedPlan } from "../request/index.ts";
import type { WebProvider } from "../session/ort-web.ts";
import { parseDuration } from "../table/freshness.ts";
import { expectKnown, planOption, wholeOption } from "../twin/index.ts";
import { addressOf } from "./address.ts";
import { absolute, type PageWorker, realm } from "./realm.ts";

export interface WebLoadOptions {
  /** In order of preference; default `["webgpu", "wasm"]`. WASM is always there in the end. */
  readonly providers?: readonly WebProvider[];
  /**
   * `true` (default): encoding, tables and graphs are in one Web Worker. `false`: in the page. A function starts the worker
   * where a bundler does not find it: its program is `twin-compiler/web-worker`.
   */
  readonly worker?: boolean | (() => PageWorker);
  /** Threads of WASM; default: up to 4 where the page is cross-origin isolated, else 1, and then never more. */
  readonly threads?: number;
  /** The folder of onnxruntime-web's files, where they lie neither in the page's bundle nor beside this package. */
  readonly wasmPaths?: string | URL;
  /** What manifest.json must be: `sha256-…` as of `<script integrity>`, or 64 hexadecimal digits. */
  readonly integrity?: string;
  /** How old a table made with other weights may be: seconds or `"15min"`; default 0, none may be used. */
  readonly maxStaleness?: number | string;
  /** A pack (`twin pack`), or its address: used instead of the folder's generation, which is not fetched. */
  readonly pack?: string | URL | Uint8Array | Blob;
  /** Requests that may wait while others run; default 256. One more is refused. */
  readonly queue?: number;
  /** As in Node: `"auto"` (default), `"graph"` or `"kernel"`; on WebGPU graphs rank. */
  readonly plan?: WantedPlan;
  readonly memory?: {
    /** Most bytes of the built tables, and of an embedding outside the graphs, that are fetched; default 64 MiB. */
    readonly table?: number;
    /** Bytes that the scores of one run may take; sets how many candidates are ranked at once. Default 64 MB. */
    readonly scores?: number;
    /** Bytes that the users in the selection kernel's memory may take; default 128 MB. */
    readonly kernel?: number;
  };
  /** Told while the folder loads, and later as more of it does. */
  readonly progress?: (progress: WebProgress) => void;
  /** Told each warning when it comes: a device that is not used, and why. */
  readonly warn?: (warning: string) => void;
  /** Gives up loading. */
  readonly signal?: AbortSignal;
}

/** Bytes of the folder that have come, and that are due by what was asked for until now. */
export interface WebProgress {
  readonly done: number;
  readonly total: number;
}

/** What crosses to the thread that opens the folder. */
export interface CheckedOptions {
  readonly providers: readonly WebProvider[];
  readonly threads: number;
  readonly wasmPaths: string | null;
  readonly integrity: string | undefined;
  readonly maxStaleness: number;
  readonly largest: number | undefined;
  readonly pack: string | Uint8Array | Blob | undefined;
  readonly scoreBytes: number;
  readonly kernelBytes: number;
  readonly plan: WantedPlan;
}

const known = [
  ...["providers", "worker", "threads", "wasmPaths", "integrity", "maxStaleness", "pack", "queue", "memory"],
  ...["progress", "warn", "signal", "plan"],
];
const providerNames: readonly unknown[] = ["webgpu", "wasm"];
const mostThreads = 4;

/** @throws TwinError naming the option */
export function checkWebOptions(options: WebLoadOptions): {
  readonly start: CheckedOptions;
  readonly queue: number;
  /** What the caller should know of them. */
  readonly notes: readonly string[];
} {
  expectKnown(options, known);
  const { providers = ["webgpu", "wasm"], worker = true, memory = {}, wasmPaths, integrity } = options;
  if (!Array.isArray(providers) || providers.length === 0 || !providers.every((one) => providerNames.includes(one))) {
    throw new TwinError('load: providers must be some of ["webgpu", "wasm"], the preferred one first');
  }
  if (typeof worker !== "boolean" && typeof worker !== "function") {
    throw new TwinError("load: worker must be true, false, or a function that starts one");
  }
  for (const name of ["progress", "warn"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") {
      throw new TwinError(`load: ${name} must be a function`);
    }
  }
  if (integrity !== undefined && typeof integrity !== "string") {
    throw new TwinError("load: integrity must be a text: sha256-…, or 64 hexadecimal digits");
  }
  const notes: string[] = [];
  const isolated = realm.crossOriginIsolated === true;
  const wanted = options.threads === undefined ? null : wholeOption("threads", options.threads, 1);
  if (wanted !== null && wanted > 1 && !isolated) {
    notes.push(
      `WASM runs in one thread instead of ${wanted}: the page is not cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp`,
    );
  }
  const own = Math.min(mostThreads, realm.navigator?.hardwareConcurrency ?? 1);
  return {
    start: {
      providers: [...new Set(providers)],
      threads: isolated ? (wanted ?? own) : 1,
      wasmPaths: wasmPaths === undefined ? null : folder(wasmPaths),
      integrity,
      maxStaleness: parseDuration(options.maxStaleness ?? 0, "maxStaleness"),
      largest: memory.table === undefined ? undefined : wholeOption("memory.table", memory.table, 1),
      pack:
        options.pack instanceof URL || typeof options.pack === "string"
          ? addressOf(address("pack", options.pack), "file").href
          : options.pack,
      scoreBytes: wholeOption("memory.scores", memory.scores ?? 2 ** 26, 1),
      kernelBytes: wholeOption("memory.kernel", memory.kernel ?? 2 ** 27, 1),
      plan: planOption(options.plan),
    },
    queue: wholeOption("queue", options.queue ?? 256, 0),
    notes,
  };
}

function folder(place: string | URL): string {
  const whole = address("wasmPaths", place);
  return whole.endsWith("/") ? whole : `${whole}/`;
}

/** As the page means it: a worker has another base. */
function address(option: string, place: string | URL): string {
  try {
    return absolute(place);
  } catch {
    throw new TwinError(`load: ${option} is ${JSON.stringify(place)}, which is no address`);
  }
}
