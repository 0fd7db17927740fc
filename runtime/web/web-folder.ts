// What a page has of a build folder: what a request needs of it, and the graphs, whose bytes come when they are asked for.
import type { RequestArtefacts } from "../request/index.ts";
import type { SessionName } from "../session/session.ts";
import type { LiveTables } from "../table/live-tables.ts";

/** A file that was picked (`<input type="file" webkitdirectory>`); its path says where in the folder it lies. */
export interface PickedFile extends Blob {
  readonly name: string;
  readonly webkitRelativePath?: string;
}

/**
 * Where a folder's files are: under an address (resolved against the page's own), in memory by their paths in the folder,
 * or as they were picked.
 */
export type FolderSource = string | URL | ReadonlyMap<string, Uint8Array | Blob> | ArrayLike<PickedFile>;

export interface FolderOptions {
  /** What the manifest must be: `sha256-…` (base64), or 64 hexadecimal digits, of manifest.json. */
  readonly integrity?: string | undefined;
  /** How old tables made with other weights may be: seconds or `"15min"`; default 0, none may be used. */
  readonly maxStaleness?: number | string | undefined;
  /** Ends opening; what is asked for later has a signal of its own. */
  readonly signal?: AbortSignal | null | undefined;
  /** Told as bytes come: how many so far, and how many are due by what was asked for until now. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /**
   * A pack (`twin pack`), or where it lies: its rows, items and embedding rows are used instead of the folder's generation,
   * which is not fetched. An item that is not in it is unknown.
   */
  readonly pack?: string | URL | Uint8Array | Blob | undefined;
  /** In the place of the host's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** A request that brings no byte for so many milliseconds is given up; default 30,000. */
  readonly stalled?: number | undefined;
  /** Most bytes that are fetched of the built tables, and of an embedding table outside the graphs; default 64 MiB. */
  readonly largest?: number | undefined;
}

/** One graph, and the file by whose name it reads its weights: what `InferenceSession.create` takes. */
export interface WebGraph {
  readonly model: Uint8Array;
  /** As long as the file; the bytes that no opened graph reads are zeros. Memory of the folder: it is not to be changed. */
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Bytes so far. */
export interface WebTraffic {
  readonly network: number;
  readonly cache: number;
}

export interface WebFolder extends RequestArtefacts {
  readonly tables: LiveTables & {
    /** Takes the newest generation into use; true where it is another one. A failure leaves the one in use. */
    refresh(signal?: AbortSignal | null): Promise<boolean>;
  };
  /**
   * One graph's bytes and the weights that it reads, held against the manifest.
   * @throws TwinError naming the file; with the code `folder_changed` where the folder was replaced: open it again
   */
  graph(name: SessionName, signal?: AbortSignal | null): Promise<WebGraph>;
  /** Any other file that the manifest lists (`parity.small.safetensors`), held against it. */
  file(path: string, signal?: AbortSignal | null): Promise<Uint8Array>;
  readonly traffic: WebTraffic;
  /** What the caller should know: why nothing is cached, what the server cannot do. */
  readonly notes: readonly string[];
}
