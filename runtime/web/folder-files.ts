// The files of a folder by their paths in it, wherever they come from: bytes that nobody has checked yet.
import { TwinError } from "../../contract/error.ts";
import type { PickedFile } from "./web-folder.ts";

export interface ReadRequest {
  readonly signal: AbortSignal | null;
  /** The file's length by the manifest: what comes is expected to have it. */
  readonly bytes?: number;
  /** No more are taken; `cure` is what helps then. */
  readonly most?: number;
  readonly cure?: string;
  /** Past every cache on the way: what came before was not right. */
  readonly again?: boolean;
  /** Whether the file changes under its name, so that caches must ask. */
  readonly changes?: boolean;
}

/** A file that is not there, and what was answered instead. */
export interface Missing {
  readonly missing: string;
}

export const isMissing = (got: Uint8Array | Missing): got is Missing => "missing" in got;

export interface FolderFiles {
  /** The folder, for errors. */
  readonly where: string;
  /** A file, for errors. */
  place(path: string): string;
  /**
   * The whole file; it may have another length than was expected, where that is what lies there.
   * @throws TwinError where it cannot be had, or has more than `most` bytes; the signal's reason
   */
  read(path: string, request: ReadRequest): Promise<Uint8Array | Missing>;
  /** Bytes `from` to `to` of a file of `bytes`; null where only whole files can be had, or it is another file. */
  range(
    path: string,
    from: number,
    to: number,
    request: ReadRequest & { readonly bytes: number },
  ): Promise<Uint8Array | null>;
}

/** Files in memory, or that were picked. */
export class GivenFiles implements FolderFiles {
  readonly where = "the files that were given";
  readonly #files: ReadonlyMap<string, Uint8Array | Blob>;

  constructor(files: ReadonlyMap<string, Uint8Array | Blob>) {
    this.#files = files;
  }

  place(path: string): string {
    return `${path} (of ${this.where})`;
  }

  async read(
    path: string,
    { signal, most = Number.POSITIVE_INFINITY, cure }: ReadRequest,
  ): Promise<Uint8Array | Missing> {
    const file = this.#files.get(path);
    if (file === undefined) {
      return { missing: "it is not among them" };
    }
    const size = sizeOf(file);
    if (size > most) {
      throw tooLarge(this.place(path), size, most, cure);
    }
    return this.#bytes(path, file, 0, size, signal);
  }

  async range(
    path: string,
    from: number,
    to: number,
    { signal, bytes }: ReadRequest & { readonly bytes: number },
  ): Promise<Uint8Array | null> {
    const file = this.#files.get(path);
    return file === undefined || sizeOf(file) !== bytes ? null : this.#bytes(path, file, from, to, signal);
  }

  async #bytes(
    path: string,
    file: Uint8Array | Blob,
    from: number,
    to: number,
    signal: AbortSignal | null,
  ): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (file instanceof Uint8Array) {
      return file.subarray(from, to);
    }
    try {
      return new Uint8Array(await file.slice(from, to).arrayBuffer());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TwinError(`cannot read ${this.place(path)}: ${why}. Pick the folder again`, { cause: error });
    } finally {
      signal?.throwIfAborted();
    }
  }
}

/** @param cure what helps */
export const tooLarge = (place: string, size: number, most: number, cure?: string): TwinError =>
  new TwinError(
    `${place} has ${size} bytes or more, and at most ${most} are taken here${cure === undefined ? "" : `. ${cure}`}`,
  );

const sizeOf = (file: Uint8Array | Blob): number => (file instanceof Uint8Array ? file.length : file.size);

/** Files that were picked, by their paths. */
export function pickedFiles(picked: ArrayLike<PickedFile>): ReadonlyMap<string, Blob> {
  return new Map(Array.from(picked, (file) => [file.webkitRelativePath || file.name, file] as const));
}

/** By their paths in the folder whose manifest.json lies highest, whatever it lies in. */
export function inFolder<T>(files: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const all = [...files];
  const manifests = all.flatMap(([path]) => (/(^|\/)manifest\.json$/.test(path) ? [path.slice(0, -13)] : []));
  const [root = ""] = manifests.sort((a, b) => a.length - b.length);
  return new Map(
    all.flatMap(([path, file]) => (path.startsWith(root) ? [[path.slice(root.length), file] as const] : [])),
  );
}
