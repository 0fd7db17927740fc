// A zip archive as npz and PyTorch files are: listed without reading, its entries read one at a time and within bounds.
import { closeSync, openSync } from "node:fs";
import { type Entry, fromFdPromise, type ZipFile } from "yauzl";
import { TwinError } from "../error.ts";
import { attempt, readFully } from "../files.ts";

export interface ZipEntry {
  readonly name: string;
  /** Of the content. */
  readonly bytes: number;
}

export interface ZipArchive {
  readonly path: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The content from byte `start` up to `end`, or all of it. No more memory than that is taken, whatever the archive holds.
   * @throws TwinError where the archive is damaged, lies about a size, or the range is not in it
   */
  read(name: string, start?: number, end?: number): Promise<Uint8Array>;
  close(): void;
}

/** More entries than any file of weights has: one for each array. */
const mostEntries = 100_000;

/** @param what says what the file should be: "a PyTorch state dictionary" */
export async function openZip(path: string, what: string): Promise<ZipArchive> {
  const fail = (why: string): never => {
    throw new TwinError(`${path} is not ${what}: ${why}. Write it anew, or restore it from a copy`);
  };
  const file = attempt("read", path, () => openSync(path, "r"));
  let zip: ZipFile | null = null;
  try {
    zip = await fromFdPromise(file, { autoClose: false, lazyEntries: true });
    if (zip.entryCount > mostEntries)
      fail(`its archive has ${zip.entryCount} entries, and at most ${mostEntries} are read`);
    const known = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      const { fileName: name } = entry;
      if (known.has(name)) fail(`its archive holds \`${name}\` twice`);
      if (!entry.canDecodeFileData())
        fail(`\`${name}\` in its archive is encrypted or packed in a way that is not read`);
      known.set(name, entry);
    }
    return new OpenZip(path, file, zip, known, fail);
  } catch (error) {
    if (zip) zip.close();
    else closeSync(file);
    throw error instanceof TwinError ? error : fail(`it is no sound zip archive (${reason(error)})`);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message.split("\n")[0] : String(error));

class OpenZip implements ZipArchive {
  readonly path: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #zip: ZipFile;
  readonly #file: number;
  readonly #known: ReadonlyMap<string, Entry>;
  readonly #fail: (why: string) => never;

  constructor(
    path: string,
    file: number,
    zip: ZipFile,
    known: ReadonlyMap<string, Entry>,
    fail: (why: string) => never,
  ) {
    this.path = path;
    this.#zip = zip;
    this.#file = file;
    this.#known = known;
    this.#fail = fail;
    this.entries = new Map([...known].map(([name, entry]) => [name, { name, bytes: entry.uncompressedSize }]));
  }

  async read(name: string, start = 0, end?: number): Promise<Uint8Array> {
    const entry = this.#known.get(name);
    if (!entry) return this.#fail(`its archive has no \`${name}\``);
    const last = end ?? entry.uncompressedSize;
    if (start < 0 || last < start || last > entry.uncompressedSize)
      return this.#fail(`bytes ${start} to ${last} of \`${name}\` are needed, which has ${entry.uncompressedSize}`);
    if (last === start) return new Uint8Array(0);
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(last - start);
    } catch {
      throw new TwinError(`${this.path}: \`${name}\` (${last - start} bytes) does not fit into memory`);
    }
    try {
      await this.#fill(entry, bytes, start);
    } catch (error) {
      if (error instanceof TwinError) throw error;
      return this.#fail(`\`${name}\` in its archive is damaged (${reason(error)})`);
    }
    return bytes;
  }

  /** Stored content is read in place; packed content is unpacked from its beginning, and left as soon as the range is full. */
  async #fill(entry: Entry, into: Uint8Array, start: number): Promise<void> {
    const early = () => this.#fail(`\`${entry.fileName}\` in its archive ends early`);
    if (entry.compressionMethod === 0) {
      const { fileDataStart } = await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const got = attempt("read", this.path, () => readFully(this.#file, into, fileDataStart + start));
      if (got < into.length) early();
      return;
    }
    let at = -start;
    for await (const piece of (await this.#zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
      const from = Math.max(0, -at);
      if (at + from < into.length) into.set(piece.subarray(from, into.length - at), at + from);
      at += piece.length;
      if (at >= into.length) break;
    }
    if (at < into.length) early();
  }

  close(): void {
    this.#zip.close();
  }
}
