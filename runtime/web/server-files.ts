// The files of a folder on a server, by `fetch`: every request is bounded in time, ends with its signal, and is tried again
// where the network failed.
import { TwinError } from "../../contract/error.ts";
import { addressOf, placeOf } from "./address.ts";
import { type FolderFiles, isMissing, type Missing, type ReadRequest, tooLarge } from "./folder-files.ts";
import type { Meter } from "./meter.ts";

/** Milliseconds before a request is made again. */
const pauses = [150, 600];

export interface ServerOptions {
  readonly fetch: typeof fetch;
  /** Milliseconds without a byte. */
  readonly stalled: number;
  readonly meter: Meter;
  readonly note: (text: string) => void;
}

/** What the network did, and may not do next time. */
class Failed extends Error {}

export class ServerFiles implements FolderFiles {
  readonly where: string;
  readonly #urlOf: (path: string) => URL;
  readonly #options: ServerOptions;
  #ranges = true;

  private constructor(where: string, urlOf: (path: string) => URL, options: ServerOptions) {
    this.where = where;
    this.#urlOf = urlOf;
    this.#options = options;
  }

  /** @param address of the folder, or of its manifest.json; what stands behind `?` goes with every request */
  static of(address: string | URL, options: ServerOptions): ServerFiles {
    const base = addressOf(address, "folder");
    base.hash = "";
    base.pathname = base.pathname.replace(/(\/manifest\.json|\/)?$/, "/");
    const urlOf = (path: string): URL => {
      const url = new URL(base);
      url.pathname += path.split("/").map(encodeURIComponent).join("/");
      return url;
    };
    return new ServerFiles(placeOf(base), urlOf, options);
  }

  /** One file, whatever it is called in the folder. */
  static one(address: string | URL, options: ServerOptions): ServerFiles {
    const url = addressOf(address, "file");
    url.hash = "";
    return new ServerFiles(placeOf(url), () => url, options);
  }

  /** Without what stands behind `?`: it may be a secret, and is no part of a place. */
  place(path: string): string {
    return placeOf(this.#urlOf(path));
  }

  read(path: string, request: ReadRequest): Promise<Uint8Array | Missing> {
    return this.#tried(path, request, async (signal, awake) => {
      const response = await this.#ask(path, request, signal);
      awake();
      const missing = missingOf(response);
      if (missing !== null) {
        await response.body?.cancel();
        return { missing };
      }
      this.#expectOk(path, response);
      const bytes = await this.#body(path, response, request, awake);
      return looksLikePage(bytes) ? { missing: "the server answers with an HTML page" } : bytes;
    });
  }

  async range(
    path: string,
    from: number,
    to: number,
    request: ReadRequest & { readonly bytes: number },
  ): Promise<Uint8Array | null> {
    if (!this.#ranges) {
      return null;
    }
    const got = await this.#tried(path, request, async (signal, awake) => {
      const response = await this.#ask(path, request, signal, `bytes=${from}-${to - 1}`);
      awake();
      // A server of another origin need not show the header.
      const said = response.headers.get("content-range");
      if (response.status === 206 && (said === null || said === `bytes ${from}-${to - 1}/${request.bytes}`)) {
        const bytes = await this.#body(path, response, { ...request, bytes: to - from, most: to - from }, awake);
        return bytes.length === to - from ? bytes : null;
      }
      await response.body?.cancel();
      if (response.status >= 500 || response.status === 429) {
        throw new Failed(`the server answers ${response.status}`);
      }
      return null;
    });
    if (got === null) {
      this.#ranges = false;
      this.#options.note(`the server gives no ranges of ${this.place(path)}: it is fetched whole`);
    }
    return got;
  }

  #ask(path: string, { again, changes }: ReadRequest, signal: AbortSignal, range?: string): Promise<Response> {
    const { fetch: get } = this.#options;
    const init: RequestInit & { readonly cache: string } = {
      signal,
      cache: again === true ? "reload" : changes === true ? "no-cache" : "default",
      ...(range === undefined ? {} : { headers: { range } }),
    };
    return get(this.#urlOf(path), init);
  }

  /** Runs a request under the caller's signal and a clock that each byte sets back; anew where the network failed. */
  async #tried<T>(
    path: string,
    request: ReadRequest,
    run: (signal: AbortSignal, awake: () => void) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      request.signal?.throwIfAborted();
      const { stalled } = this.#options;
      const control = new AbortController();
      const stop = () => control.abort(request.signal?.reason);
      let silent = false;
      const asleep = () => {
        silent = true;
        control.abort();
      };
      let timer = setTimeout(asleep, stalled);
      const awake = () => {
        clearTimeout(timer);
        timer = setTimeout(asleep, stalled);
      };
      request.signal?.addEventListener("abort", stop);
      try {
        return await run(control.signal, awake);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof TwinError) {
          throw error;
        }
        if (attempt === pauses.length) {
          const why = silent ? `no byte came for ${stalled} ms` : reasonOf(error);
          throw new TwinError(
            `cannot fetch ${this.place(path)}: ${why} (tried ${attempt + 1} times). Check that the server is up, and that it lets this page read (CORS)`,
            { cause: error },
          );
        }
      } finally {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", stop);
      }
      await pause(pauses[attempt], request.signal);
    }
  }

  /** The body; short of what the server itself promised it is a failure of the network. */
  async #body(
    path: string,
    response: Response,
    { bytes, most = Number.POSITIVE_INFINITY, cure }: ReadRequest,
    awake: () => void,
  ): Promise<Uint8Array> {
    const { meter } = this.#options;
    const encoded = response.headers.has("content-encoding");
    const promised = encoded ? null : numberOf(response.headers.get("content-length"));
    // More than the file's own length is not it: no more of that is read than shows so.
    const expected = Math.min(promised ?? bytes ?? 0, bytes ?? Number.POSITIVE_INFINITY);
    if (expected > most) {
      await response.body?.cancel();
      throw tooLarge(this.place(path), expected, most, cure);
    }
    meter.due(expected);
    let memory = new Uint8Array(expected);
    let end = 0;
    try {
      const reader = response.body?.getReader();
      for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
        awake();
        const { value } = part;
        if (end + value.length > most) {
          await reader?.cancel();
          throw tooLarge(this.place(path), end + value.length, most, cure);
        }
        if (end + value.length > memory.length) {
          const larger = new Uint8Array(Math.min(most, Math.max(end + value.length, 2 * memory.length)));
          larger.set(memory.subarray(0, end));
          memory = larger;
        }
        memory.set(value, end);
        end += value.length;
        meter.network(value.length);
        if (bytes !== undefined && end > bytes) {
          await reader?.cancel();
          break;
        }
      }
    } catch (error) {
      meter.undo(expected, end);
      throw error;
    }
    if (promised !== null && end < promised && !(bytes !== undefined && end > bytes)) {
      meter.undo(expected, end);
      throw new Failed(`the answer ends after ${end} of ${promised} bytes`);
    }
    meter.due(end - expected);
    return memory.subarray(0, end);
  }

  #expectOk(path: string, { ok, status, statusText }: Response): void {
    if (ok) {
      return;
    }
    if (status >= 500 || status === 429 || status === 408) {
      throw new Failed(`the server answers ${status}`);
    }
    throw new TwinError(
      `cannot fetch ${this.place(path)}: the server answers ${status}${statusText === "" ? "" : ` ${statusText}`}. Check the address, and what the server lets this page read`,
    );
  }
}

/** Reads one file by its own address; gives the place, too, for errors. */
export async function fetchFile(
  address: string | URL,
  options: ServerOptions,
  request: ReadRequest,
): Promise<{ readonly bytes: Uint8Array; readonly place: string }> {
  const files = ServerFiles.one(address, options);
  const got = await files.read("", request);
  if (isMissing(got)) {
    throw new TwinError(`cannot read ${files.where}: ${got.missing}. Check the address`);
  }
  return { bytes: got, place: files.where };
}

/** Why the answer is none; object stores answer 403 for what is not there. */
function missingOf({ status, ok, headers }: Response): string | null {
  if (status === 404 || status === 410 || status === 403) {
    return `the server answers ${status}`;
  }
  return ok && /^text\/html\b/i.test(headers.get("content-type") ?? "") ? "the server answers with an HTML page" : null;
}

/** A page that a server sends for whatever it does not have. */
const looksLikePage = (bytes: Uint8Array): boolean =>
  /^\s*<(!doctype html|html)\b/i.test(new TextDecoder("latin1").decode(bytes.subarray(0, 64)));

const numberOf = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? `${error.message} (${cause.message})` : error.message;
};

function pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    function done(): void {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}
