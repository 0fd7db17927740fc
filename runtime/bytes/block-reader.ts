// Reads a block file wherever its bytes lie: header and sizes are checked at once, each block when it is first read.
import {
  type BlockHeader,
  type BlockKind,
  checksumBytes,
  decodeHeader,
  headerBytes,
} from "../../contract/block-format.ts";
import { blockBytes, CheckedBlocks } from "../../contract/block-hashes.ts";
import { portableDigest } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { ByteSource } from "./byte-source.ts";

/** What each kind is called. */
export const blockNames: Readonly<Record<BlockKind, string>> = {
  table: "a table",
  index: "a key index",
  items: "an item store",
  pack: "a pack",
};

/** What helps where a file of that kind is not as it was written. */
export const blocksCure = (kind: BlockKind): string =>
  kind === "pack"
    ? "Cut it anew: twin pack DIR --items ids.txt -o pack.bin"
    : "Build the tables again: twin table build DIR --data DATA";

/** What stands before and behind the payload. */
export interface BlockEnds {
  readonly header: BlockHeader;
  readonly checksums: BigUint64Array;
}

export class BlockReader {
  readonly path: string;
  readonly header: BlockHeader;
  /** Bytes of the payload. */
  readonly payload: number;
  protected readonly checksums: BigUint64Array;
  readonly #source: ByteSource;
  readonly #checked: CheckedBlocks;

  protected constructor(source: ByteSource, { header, checksums }: BlockEnds, hash: Hasher) {
    const path = source.name;
    const cure = blocksCure(header.kind);
    this.path = path;
    this.header = header;
    this.payload = header.payload;
    this.checksums = checksums;
    this.#source = source;
    this.#checked = new CheckedBlocks(
      {
        bytes: header.payload,
        hashes: checksums,
        fill: (into, offset) => this.#fill(into, offset),
        damaged: (block, from, to) =>
          new TwinError(
            `${path} is damaged: bytes ${headerBytes + from} to ${headerBytes + to} (block ${block}) do not match their checksum. ${cure}`,
          ),
      },
      hash,
    );
  }

  /** @throws TwinError where it is foreign, of another version, truncated, or its header is damaged */
  static async over(source: ByteSource, kind: BlockKind): Promise<BlockReader> {
    const hash = await hasher();
    return new BlockReader(source, readEnds(source, kind, hash), hash);
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
    this.#source.close();
  }

  #fill(into: Uint8Array, offset: number): void {
    if (this.#source.read(into, headerBytes + offset) < into.length) {
      throw new TwinError(`${this.path} was cut short while it was in use. ${blocksCure(this.header.kind)}`);
    }
  }
}

/** SHA-256 of a block file's header and checksums, and so, through these, of all its bytes: which file it is. */
export function rootOf(source: ByteSource): string {
  const header = new Uint8Array(headerBytes);
  source.read(header, 0);
  // Payload and checksums: 8 bytes for each MiB that was begun.
  const blocks = Math.ceil((source.bytes - headerBytes) / (blockBytes + 8));
  const checksums = new Uint8Array(Math.max(0, 8 * blocks));
  source.read(checksums, source.bytes - checksums.length);
  const hashing = portableDigest();
  hashing.update(header);
  hashing.update(checksums);
  return hashing.hex();
}

/** @throws TwinError where it is no block file of that kind that this version reads */
export function readEnds(source: ByteSource, kind: BlockKind, hash: Hasher): BlockEnds {
  const path = source.name;
  const cure = blocksCure(kind);
  const fail = (what: string): never => {
    throw new TwinError(`${path} is not ${blockNames[kind]} of Twin: ${what}. ${cure}`);
  };
  const size = source.bytes;
  const bytes = new Uint8Array(Math.min(headerBytes, size));
  source.read(bytes, 0);
  const header = decodeHeader(bytes, hash);
  if (typeof header === "string") {
    return fail(header);
  }
  if (header.format !== 1) {
    throw new TwinError(
      `${path} has format ${JSON.stringify(header.format)}, and this version of Twin reads format 1. ${cure}, or update Twin`,
    );
  }
  if (header.kind !== kind) {
    return fail(
      `it says it is ${Object.hasOwn(blockNames, header.kind) ? blockNames[header.kind] : JSON.stringify(header.kind)}`,
    );
  }
  const { payload, block } = header;
  if (!Number.isSafeInteger(payload) || payload < 0 || block !== blockBytes) {
    return fail("its header gives no proper sizes");
  }
  const expected = headerBytes + payload + checksumBytes(payload);
  if (size !== expected) {
    return fail(
      `it should have ${expected} bytes and has ${size}: ${size < expected ? "it is truncated" : "there is more"}`,
    );
  }
  const checksums = new BigUint64Array(checksumBytes(payload) / 8);
  source.read(new Uint8Array(checksums.buffer), headerBytes + payload);
  return { header, checksums };
}
