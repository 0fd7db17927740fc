// Bytes that are kept from one visit to the next under their hash: Cache Storage, where the page has it.

/** Whoever takes bytes out holds them against the hash again: storage is as fallible as a network. */
export interface KeptBytes {
  get(key: string): Promise<Uint8Array | null>;
  /** Keeps them if it can; never fails. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Drops whatever has another key. */
  keep(keys: ReadonlySet<string>): Promise<void>;
}

/** What is used of Cache Storage. */
interface Storage {
  match(address: string): Promise<Response | undefined>;
  put(address: string, response: Response): Promise<void>;
  keys(): Promise<readonly { readonly url: string }[]>;
  delete(address: string): Promise<boolean>;
}

const nothing: KeptBytes = {
  get: async () => null,
  put: async () => undefined,
  keep: async () => undefined,
};

/** Cache Storage takes addresses only; nobody asks for these. */
const address = (key: string): string => `https://twin.invalid/${key}`;

/**
 * What is kept of one folder.
 * @param note is told why nothing is; null: nothing need be
 */
export async function keptBytes(folder: string, note: ((text: string) => void) | null): Promise<KeptBytes> {
  if (note === null) {
    return nothing;
  }
  const caches: { open(name: string): Promise<Storage> } | undefined = Reflect.get(globalThis, "caches");
  if (caches === undefined) {
    const why =
      Reflect.get(globalThis, "isSecureContext") === false
        ? "this page is no secure context (https, or localhost)"
        : "this host has no Cache Storage";
    note(`nothing is kept for the next visit: ${why}`);
    return nothing;
  }
  try {
    return new Kept(await caches.open(`twin-compiler ${folder}`), note);
  } catch (error) {
    note(`nothing is kept for the next visit: ${messageOf(error)}`);
    return nothing;
  }
}

class Kept implements KeptBytes {
  readonly #cache: Storage;
  readonly #note: (text: string) => void;
  #full = false;

  constructor(cache: Storage, note: (text: string) => void) {
    this.#cache = cache;
    this.#note = note;
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
    } catch (error) {
      this.#full = true;
      this.#note(`not everything is kept for the next visit: ${messageOf(error)}`);
    }
  }

  async keep(keys: ReadonlySet<string>): Promise<void> {
    const wanted = new Set([...keys].map(address));
    try {
      const others = (await this.#cache.keys()).filter(({ url }) => !wanted.has(url));
      await Promise.all(others.map(({ url }) => this.#cache.delete(url)));
    } catch {
      // What stays costs room, and nothing else.
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
