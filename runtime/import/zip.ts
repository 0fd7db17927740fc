// A zip archive as npz and PyTorch files are: listed without reading, its entries read one at a time, within bounds and checked.
import { closeSync, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type Entry, fromFdPromise, type ZipFile } from "yauzl";
import { TwinError } from "../../contract/error.ts";
import { attempt, readFully } from "../host/files.ts";

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
   * The whole entry has been held against its CRC-32 before anything of it is given.
   * @throws TwinError where the archive is damaged, lies about a size, or the range is not in it
   */
  read(name: string, start?: number, end?: number): Promise<Uint8Array>;
  /** The first bytes, unchecked: good for finding out what an entry is, and for nothing that is computed with. */
  head(name: string, bytes: number): Promise<Uint8Array>;
  /** @throws TwinError where an entry's bytes do not have its CRC-32 */
  check(name: string): Promise<void>;
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
    if (zip.entryCount > mostEntries) {
      fail(`its archive has ${zip.entryCount} entries, and at most ${mostEntries} are read`);
    }
    const known = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      const { fileName: name } = entry;
      if (known.has(name)) {
        fail(`its archive holds \`${name}\` twice`);
      }
      if (!entry.canDecodeFileData()) {
        fail(`\`${name}\` in its archive is encrypted or packed in a way that is not read`);
      }
      known.set(name, entry);
    }
    const next = new Uint8Array(4);
    // Typed as a boolean, and the place of the entry after the last.
    readFully(file, next, Number(zip.readEntryCursor));
    if (Buffer.from(next).toString("latin1") === "PK\x01\x02") {
      fail(`it is no sound zip archive (it lists more than the ${zip.entryCount} entries that it says it has)`);
    }
    return new OpenZip({ path, file, zip, known, fail });
  } catch (error) {
    if (zip) {
      zip.close();
    } else {
      closeSync(file);
    }
    throw error instanceof TwinError ? error : fail(`it is no sound zip archive (${reason(error)})`);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message.split("\n")[0] : String(error));

/** Bytes of an entry that are checked at once. */
const pieceBytes = 1 << 20;

interface Opened {
  readonly path: string;
  readonly file: number;
  readonly zip: ZipFile;
  readonly known: ReadonlyMap<string, Entry>;
  readonly fail: (why: string) => never;
}

class OpenZip implements ZipArchive {
  readonly path: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #opened: Opened;
  /** Whether the archive has checksums: `torch.save` can be told to leave zeros in their places. */
  readonly #checked: boolean;
  readonly #sound = new Set<Entry>();

  constructor(opened: Opened) {
    const { path, known } = opened;
    this.path = path;
    this.#opened = opened;
    this.#checked = [...known.values()].some((entry) => entry.crc32 !== 0);
    this.entries = new Map([...known].map(([name, entry]) => [name, { name, bytes: entry.uncompressedSize }]));
  }

  async read(name: string, start = 0, end?: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    const { uncompressedSize: size } = entry;
    if (start === 0 && (end ?? size) === size && !this.#isSound(entry)) {
      const bytes = await this.#range(entry, 0, size);
      this.#compare(entry, crc32(bytes));
      return bytes;
    }
    await this.check(name);
    return this.#range(entry, start, end ?? size);
  }

  async check(name: string): Promise<void> {
    const entry = this.#entry(name);
    if (!this.#isSound(entry)) {
      await this.#guarded(entry, () => this.#readThrough(entry));
    }
  }

  head(name: string, bytes: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    return this.#range(entry, 0, Math.min(bytes, entry.uncompressedSize));
  }

  close(): void {
    this.#opened.zip.close();
  }

  #entry(name: string): Entry {
    return this.#opened.known.get(name) ?? this.#opened.fail(`its archive has no \`${name}\``);
  }

  #isSound(entry: Entry): boolean {
    return !this.#checked || this.#sound.has(entry);
  }

  async #range(entry: Entry, start: number, end: number): Promise<Uint8Array> {
    const { fail } = this.#opened;
    const { fileName, uncompressedSize: size } = entry;
    if (start < 0 || end < start || end > size) {
      return fail(`bytes ${start} to ${end} of \`${fileName}\` are needed, which has ${size}`);
    }
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(end - start);
    } catch {
      throw new TwinError(`${this.path}: \`${fileName}\` (${end - start} bytes) does not fit into memory`);
    }
    if (end > start) {
      await this.#guarded(entry, () => this.#fill(entry, bytes, start));
    }
    return bytes;
  }

  async #guarded<T>(entry: Entry, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof TwinError) {
        throw error;
      }
      return this.#opened.fail(`\`${entry.fileName}\` in its archive is damaged (${reason(error)})`);
    }
  }

  /** Stored content is read in place; packed content is unpacked from its beginning, and left as soon as the range is full. */
  async #fill(entry: Entry, into: Uint8Array, start: number): Promise<void> {
    if (entry.compressionMethod === 0) {
      this.#readAt(entry, into, (await this.#begin(entry)) + start);
      return;
    }
    let at = -start;
    for await (const piece of this.#unpacked(entry)) {
      const from = Math.max(0, -at);
      if (at + from < into.length) {
        into.set(piece.subarray(from, into.length - at), at + from);
      }
      at += piece.length;
      if (at >= into.length) {
        break;
      }
    }
    if (at < into.length) {
      this.#early(entry);
    }
  }

  /** Reads all of an entry, a piece at a time, against its CRC-32. */
  async #readThrough(entry: Entry): Promise<void> {
    let sum = 0;
    if (entry.compressionMethod === 0) {
      const begin = await this.#begin(entry);
      const { uncompressedSize: size } = entry;
      const buffer = new Uint8Array(Math.min(size, pieceBytes));
      for (let at = 0; at < size; at += pieceBytes) {
        const piece = buffer.subarray(0, Math.min(pieceBytes, size - at));
        this.#readAt(entry, piece, begin + at);
        sum = crc32(piece, sum);
      }
    } else {
      for await (const piece of this.#unpacked(entry)) {
        sum = crc32(piece, sum);
      }
    }
    this.#compare(entry, sum);
  }

  #compare(entry: Entry, sum: number): void {
    if (sum !== entry.crc32) {
      this.#opened.fail(`\`${entry.fileName}\` in its archive is damaged (its bytes do not have its CRC-32)`);
    }
    this.#sound.add(entry);
  }

  #early(entry: Entry): never {
    return this.#opened.fail(`\`${entry.fileName}\` in its archive ends early`);
  }

  #readAt(entry: Entry, into: Uint8Array, position: number): void {
    const { path, file } = this.#opened;
    if (attempt("read", path, () => readFully(file, into, position)) < into.length) {
      this.#early(entry);
    }
  }

  /** Where the content begins. The name stands in the archive twice, and one flipped bit must not give it to other content. */
  async #begin(entry: Entry): Promise<number> {
    const local = await this.#opened.zip.readLocalFileHeaderPromise(entry);
    if (!local.fileName.equals(entry.fileNameRaw)) {
      throw new Error("its two names differ");
    }
    return local.fileDataStart;
  }

  async *#unpacked(entry: Entry): AsyncIterable<Uint8Array> {
    await this.#begin(entry);
    yield* await this.#opened.zip.openReadStreamPromise(entry);
  }
}
