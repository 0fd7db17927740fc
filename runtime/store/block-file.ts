// Reads a block file: header and sizes are checked when it is opened, each block when it is first read.
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync } from "node:fs";
import {
  type BlockHeader,
  type BlockKind,
  checksumBytes,
  decodeHeader,
  headerBytes,
} from "../../contract/block-format.ts";
import { blockBytes, CheckedBlocks } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { attempt, expectFile, readFully } from "../host/files.ts";

const names: Record<BlockKind, string> = { table: "a table", index: "a key index", items: "an item store" };
const again = "Build the tables again: twin table build DIR --data DATA";

/**
 * What another thread needs to read the same open file: it reads through the same descriptor, which stays whatever becomes
 * of the file's name, and which the thread that opened it closes.
 */
export interface BlockImage {
  readonly path: string;
  readonly file: number;
  readonly header: BlockHeader;
  readonly checksums: BigUint64Array;
}

export class BlockFile {
  readonly path: string;
  readonly header: BlockHeader;
  /** Bytes of the payload. */
  readonly payload: number;
  readonly #checksums: BigUint64Array;
  readonly #checked: CheckedBlocks;
  readonly #own: boolean;
  #file: number | null;

  private constructor({ path, file, header, checksums }: BlockImage, own: boolean, hash: Hasher) {
    this.path = path;
    this.#file = file;
    this.#own = own;
    this.header = header;
    this.payload = header.payload;
    this.#checksums = checksums;
    this.#checked = new CheckedBlocks(
      {
        bytes: header.payload,
        hashes: checksums,
        fill: (into, offset) => this.#fill(into, offset),
        damaged: (block, from, to) =>
          new TwinError(
            `${path} is damaged: bytes ${headerBytes + from} to ${headerBytes + to} (block ${block}) do not match their checksum. ${again}`,
          ),
      },
      hash,
    );
  }

  /** @throws TwinError where the file is missing, foreign, of another version, truncated, or its header is damaged */
  static async open(path: string, kind: BlockKind): Promise<BlockFile> {
    const hash = await hasher();
    expectFile(path, again);
    const file = attempt("read", path, () => openSync(path, "r"));
    try {
      const { header, checksums } = attempt("read", path, () => readEnds(path, file, kind, hash));
      return new BlockFile({ path, file, header, checksums }, true, hash);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** The file that another thread has open. */
  static async attach(image: BlockImage): Promise<BlockFile> {
    return new BlockFile(image, false, await hasher());
  }

  /** For `attach` in another thread, which must be done with it before this one closes the file. */
  image(): BlockImage {
    return { path: this.path, file: this.#opened(), header: this.header, checksums: this.#checksums };
  }

  /** Payload bytes from `offset` on (may exceed 2^31) into `into`. */
  read(offset: number, into: Uint8Array): void {
    if (offset < 0 || offset + into.length > this.payload) {
      throw new TwinError(
        `${this.path} has ${this.payload} bytes, and ${offset} … ${offset + into.length} were asked for`,
      );
    }
    this.#checked.read(offset, into);
  }

  /** A range of the payload (all of it by default) as memory of its own. */
  readAll(shared = false, offset = 0, length = this.payload - offset): ArrayBuffer | SharedArrayBuffer {
    let buffer: ArrayBuffer | SharedArrayBuffer;
    try {
      buffer = shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length);
    } catch (error) {
      throw new TwinError(`${this.path}: ${length} bytes do not fit into memory`, { cause: error });
    }
    const first = Math.min(length, (blockBytes - (offset % blockBytes)) % blockBytes);
    if (first > 0) {
      this.read(offset, new Uint8Array(buffer, 0, first));
    }
    for (let at = first; at < length; at += blockBytes) {
      const piece = new Uint8Array(buffer, at, Math.min(blockBytes, length - at));
      this.read(offset + at, piece);
    }
    return buffer;
  }

  /** Reads and checks every block (of a range of the payload) anew. @throws TwinError naming the first damaged block */
  verify(from = 0, to = this.payload): void {
    this.#checked.verify(from, to);
  }

  close(): void {
    if (this.#file !== null) {
      if (this.#own) {
        closeSync(this.#file);
      }
      this.#file = null;
    }
  }

  #opened(): number {
    if (this.#file === null) {
      throw new TwinError(`cannot read ${this.path}: it was closed`);
    }
    return this.#file;
  }

  #fill(into: Uint8Array, offset: number): void {
    const file = this.#opened();
    const got = attempt("read", this.path, () => readFully(file, into, headerBytes + offset));
    if (got < into.length) {
      throw new TwinError(`${this.path} was cut short while it was in use. ${again}`);
    }
  }
}

/**
 * SHA-256 of a block file's header and checksums, and so, through these, of all its bytes: which file it is.
 * @throws TwinError where it cannot be read, or is none
 */
export function rootOf(path: string): string {
  const file = attempt("read", path, () => openSync(path, "r"));
  try {
    return attempt("read", path, () => {
      const { size } = fstatSync(file);
      const header = new Uint8Array(headerBytes);
      readFully(file, header, 0);
      // Payload and checksums: 8 bytes for each MiB that was begun.
      const blocks = Math.ceil((size - headerBytes) / (blockBytes + 8));
      const checksums = new Uint8Array(Math.max(0, 8 * blocks));
      readFully(file, checksums, size - checksums.length);
      return createHash("sha256").update(header).update(checksums).digest("hex");
    });
  } finally {
    closeSync(file);
  }
}

function readEnds(
  path: string,
  file: number,
  kind: BlockKind,
  hash: Hasher,
): { header: BlockHeader; checksums: BigUint64Array } {
  const stat = fstatSync(file);
  const fail = (what: string): never => {
    throw new TwinError(`${path} is not ${names[kind]} of Twin: ${what}. ${again}`);
  };
  if (!stat.isFile()) {
    return fail("it is not a file");
  }
  const bytes = new Uint8Array(Math.min(headerBytes, stat.size));
  readFully(file, bytes, 0);
  const header = decodeHeader(bytes, hash);
  if (typeof header === "string") {
    return fail(header);
  }
  if (header.format !== 1) {
    throw new TwinError(
      `${path} has format ${JSON.stringify(header.format)}, and this version of Twin reads format 1. ${again}, or update Twin`,
    );
  }
  if (header.kind !== kind) {
    return fail(
      `it says it is ${Object.hasOwn(names, header.kind) ? names[header.kind] : JSON.stringify(header.kind)}`,
    );
  }
  const { payload, block } = header;
  if (!Number.isSafeInteger(payload) || payload < 0 || block !== blockBytes) {
    return fail("its header gives no proper sizes");
  }
  const expected = headerBytes + payload + checksumBytes(payload);
  if (stat.size !== expected) {
    return fail(
      `it should have ${expected} bytes and has ${stat.size}: ${stat.size < expected ? "it is truncated" : "there is more"}`,
    );
  }
  const checksums = new BigUint64Array(checksumBytes(payload) / 8);
  readFully(file, new Uint8Array(checksums.buffer), headerBytes + payload);
  return { header, checksums };
}
