// Bytes that are kept from one visit to the next under their hash: Cache Storage, where the page has it.
import { type Caches, cacheOf, dropOldFolders, type Storage, usedAddress } from "./kept-folders.ts";

/** Whoever takes bytes out holds them against the hash again: storage is as fallible as a network. */
export interface KeptBytes {
  get(key: string): Promise<Uint8Array | null>;
  /** Keeps them if it can; never fails. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Drops whatever has another key. */
  keep(keys: ReadonlySet<string>): Promise<void>;
}

const nothing: KeptBytes = {
  get: async () => null,
  put: async () => undefined,
  keep: async () => undefined,
};

/** Cache Storage takes addresses only; nobody asks for these. */
const address = (key: string): string => `https://twin.invalid/${key}`;

/** What is kept under another name than a folder's: so many entries, the latest ones. */
const mostEntries = 500;

/**
 * What is kept of one folder, or under a name of its own.
 * @param note is told why nothing is; null: nothing need be
 */
export async function keptBytes(
  place: string,
  note: ((text: string) => void) | null,
  { folder = true }: { readonly folder?: boolean } = {},
): Promise<KeptBytes> {
  if (note === null) {
    return nothing;
  }
  const caches: Caches | undefined = Reflect.get(globalThis, "caches");
  if (caches === undefined) {
    const why =
      Reflect.get(globalThis, "isSecureContext") === false
        ? "this page is no secure context (https, or localhost)"
        : "this host has no Cache Storage";
    note(`nothing is kept for the next visit: ${why}`);
    return nothing;
  }
  try {
    const cache = await caches.open(cacheOf(place));
    if (folder) {
      await dropOldFolders(caches, cache, place);
    }
    return new Kept(cache, note, folder ? Number.POSITIVE_INFINITY : mostEntries);
  } catch (error) {
    note(`nothing is kept for the next visit: ${messageOf(error)}`);
    return nothing;
  }
}

class Kept implements KeptBytes {
  readonly #cache: Storage;
  readonly #note: (text: string) => void;
  readonly #most: number;
  #full = false;

  constructor(cache: Storage, note: (text: string) => void, most: number) {
    this.#cache = cache;
    this.#note = note;
    this.#most = most;
  }

  async get(key: string): Promise<Uint8Array | null> {
    try {
      const found = await this.#cache.match(address(key));
      return found === undefined ? null : new Uint8Array(await found.arrayBuffer());
    } catch {
      return null;
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.#full) {
      return;
    }
    try {
      await this.#cache.put(address(key), new Response(bytes.slice()));
      if (this.#most < Number.POSITIVE_INFINITY) {
        const all = await this.#cache.keys();
        await Promise.all(all.slice(0, Math.max(0, all.length - this.#most)).map(({ url }) => this.#cache.delete(url)));
      }
    } catch (error) {
      this.#full = true;
      this.#note(`not everything is kept for the next visit: ${messageOf(error)}`);
    }
  }

  async keep(keys: ReadonlySet<string>): Promise<void> {
    const wanted = new Set([usedAddress, ...[...keys].map(address)]);
    try {
      const others = (await this.#cache.keys()).filter(({ url }) => !wanted.has(url));
      await Promise.all(others.map(({ url }) => this.#cache.delete(url)));
    } catch {
      // What stays costs room, and nothing else.
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
