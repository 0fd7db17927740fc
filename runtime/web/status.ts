// What a folder that a page has loaded says of itself.
import type { PlanStatus } from "../request/index.ts";
import type { WebProvider } from "../session/ort-web.ts";
import type { SessionName } from "../session/session.ts";
import type { Freshness } from "../table/freshness.ts";
import type { TablesStatus } from "../twin/index.ts";
import type { WebTraffic } from "./web-folder.ts";

/** What runs the graphs. */
export interface ProviderStatus {
  readonly name: WebProvider;
  /** Why it is this one: the adapter that was found, or why the preferred one is not used. */
  readonly because: string;
  /** The adapter's name as far as the browser tells; null on WASM. */
  readonly adapter: string | null;
  /** Of onnxruntime-web; empty until it is loaded. */
  readonly version: string;
  /** Of WASM. */
  readonly threads: number;
  /** Graphs that were held against their reference here, and their largest error: before their first use on a GPU. */
  readonly checked: readonly GraphCheck[];
}

export interface GraphCheck {
  readonly graph: SessionName;
  /** Largest abs(a − b) / max(1, abs(b)) over the outputs. */
  readonly worst: number;
  /** Numbers that are further off than a device may be, and places of lists that no order of ties explains. */
  readonly wrong: number;
  /** Whether the verdict is one of an earlier visit: the same graph, adapter and library. */
  readonly cached: boolean;
}

export interface WebStatus extends TablesStatus {
  readonly provider: ProviderStatus;
  /** Whether requests run in a Web Worker. */
  readonly worker: boolean;
  /** Whether the page is cross-origin isolated, so that WASM may have threads. */
  readonly crossOriginIsolated: boolean;
  /** Bytes of the folder that came from the network, and from the browser's cache. */
  readonly traffic: WebTraffic;
  /** What the folder's source lacks: why nothing is cached, what the server cannot do. */
  readonly notes: readonly string[];
}

/** What comes back with every answer, as of then. */
export interface Said {
  readonly provider: ProviderStatus;
  readonly generation: number | null;
  readonly freshness: readonly Freshness[];
  /** Epoch seconds of `freshness`. */
  readonly at: number;
  readonly traffic: WebTraffic;
  readonly notes: readonly string[];
  readonly plan: PlanStatus;
  readonly warnings: readonly string[];
}
