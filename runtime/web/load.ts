// `load` in a page: a build folder becomes something that ranks, in a Web Worker or in the page itself.
import { TwinError } from "../../contract/error.ts";
import type { ModelTypes, Typed } from "../twin/index.ts";
import { addressOf } from "./address.ts";
import { Home } from "./home.ts";
import { lineHere, lineToWorker } from "./lines.ts";
import type { WebNote, WebStart } from "./messages.ts";
import { checkWebOptions, type WebLoadOptions } from "./options.ts";
import { PageTwin, type WebTwin } from "./page-twin.ts";
import { absolute, type PageWorker } from "./realm.ts";
import { startWorker } from "./start-worker.ts";
import type { FolderSource, PickedFile } from "./web-folder.ts";

/**
 * Opens what `twin build` and `twin table build` wrote: under an address, or as files that were picked or lie in memory.
 *
 * What a request needs is fetched and held against the manifest; graphs begin to open, and the first request waits for them.
 * `load<Model>(…)`, with the `Model` that `twin types` wrote, knows the model's columns and labels; requests are checked either way.
 * @throws TwinError naming the file, or the option, and the way out; the reason of the signal where that aborts
 */
export function load(from: FolderSource, options?: WebLoadOptions): Promise<WebTwin>;
export function load<M extends ModelTypes>(from: FolderSource, options?: WebLoadOptions): Promise<Typed<WebTwin, M>>;
export async function load(from: FolderSource, options: WebLoadOptions = {}): Promise<WebTwin> {
  const { start, queue, notes } = checkWebOptions(options);
  const { worker = true, signal } = options;
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (!warnings.includes(message)) {
      warnings.push(message);
      options.warn?.(message);
    }
  };
  notes.forEach(warn);
  signal?.throwIfAborted();
  const note = ({ progress }: WebNote): void => options.progress?.(progress);
  const home = new Home({
    start: { from: source(from), options: start },
    fresh: worker !== false,
    warn,
    line: async () => {
      if (worker === false) {
        const { openService } = await import("./service.ts");
        return lineHere(openService, note);
      }
      return lineToWorker(worker === true ? startWorker() : worker(), note);
    },
  });
  const opening = PageTwin.open({ home, queue, worker: worker !== false, warn, warnings });
  if (signal === undefined) {
    return opening;
  }
  return aborting(opening, signal, () => home.end());
}

/** What is opening, given up where a signal aborts. */
async function aborting<T>(opening: Promise<T>, signal: AbortSignal, end: () => Promise<void>): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason);
      end().catch(() => undefined);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
  opening.catch(() => undefined);
  try {
    return await Promise.race([opening, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A source that can cross to a worker: addresses as the page means them, picked files by their paths. */
function source(from: FolderSource): WebStart["from"] {
  if (typeof from === "string" || from instanceof URL) {
    let whole: string;
    try {
      whole = absolute(from);
    } catch {
      throw new TwinError(`load: ${JSON.stringify(from)} is no address of a folder`);
    }
    return addressOf(whole, "folder").href;
  }
  if (from instanceof Map) {
    return from;
  }
  const picked = from as ArrayLike<PickedFile>;
  if (typeof picked?.length !== "number") {
    throw new TwinError("load: bring the address of a build folder, its files as they were picked, or a Map of them");
  }
  // A clone of a file has lost where it lay.
  return new Map(Array.from(picked, (file) => [pathOf(file), file]));
}

const pathOf = ({ name, webkitRelativePath = "" }: PickedFile): string =>
  webkitRelativePath === "" ? name : webkitRelativePath.slice(webkitRelativePath.indexOf("/") + 1);

export type { PageWorker };
