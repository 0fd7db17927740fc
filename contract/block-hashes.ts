// A hash for each MiB of a file: made while its bytes stream by, written as text, held against what is read. Pure.
import type { Hasher, HashStream } from "./hash.ts";

/** Bytes under one hash. The last block of a file may be shorter. */
export const blockBytes = 1 << 20;

/** Blocks of so many bytes. */
export const blocksOf = (bytes: number): number => Math.ceil(bytes / blockBytes);

/** Bytes of the blocks that hold some ranges of a file. @param ranges first byte, and the byte after the last */
export function bytesOfBlocks(ranges: Iterable<readonly [from: number, to: number]>, bytes: number): number {
  const blocks = new Set<number>();
  for (const [from, to] of ranges) {
    for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
      blocks.add(block);
    }
  }
  return [...blocks].reduce((sum, block) => sum + Math.min(blockBytes, bytes - block * blockBytes), 0);
}

/** As text: 16 lower-case hexadecimal digits a block, one after the other. */
export const hashesPattern = /^(?:[0-9a-f]{16})*$/;

/** A hash as text. */
export const hashText = (hash: bigint): string => hash.toString(16).padStart(16, "0");

export function hashesText(hashes: BigUint64Array): string {
  return Array.from(hashes, hashText).join("");
}

/** The hashes of a text that fits `hashesPattern`; null where it is not as many as `bytes` need. */
export function parseHashes(text: string, bytes: number): BigUint64Array | null {
  if (text.length !== 16 * blocksOf(bytes) || !hashesPattern.test(text)) {
    return null;
  }
  return BigUint64Array.from({ length: text.length / 16 }, (_, block) =>
    BigInt(`0x${text.slice(16 * block, 16 * block + 16)}`),
  );
}

/** Hashes each MiB of bytes that come in pieces of any size. */
export class BlockHashing {
  readonly #hasher: Hasher;
  readonly #hashes: bigint[];
  #open: HashStream | null = null;
  #filled = 0;

  /** @param done hashes of whole blocks that came before */
  constructor(hasher: Hasher, done: readonly bigint[] = []) {
    this.#hasher = hasher;
    this.#hashes = [...done];
  }

  update(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const end = Math.min(piece.length, at + blockBytes - this.#filled);
      const part = piece.subarray(at, end);
      if (part.length === blockBytes) {
        this.#hashes.push(this.#hasher.bytes(part));
      } else {
        this.#add(part);
      }
      at = end;
    }
  }

  /** Bytes so far, those that came before among them. */
  get bytes(): number {
    return this.#hashes.length * blockBytes + this.#filled;
  }

  /** Of everything so far; more may follow. */
  get hashes(): BigUint64Array {
    return BigUint64Array.from(this.#open ? [...this.#hashes, this.#open.digest()] : this.#hashes);
  }

  #add(part: Uint8Array): void {
    this.#open ??= this.#hasher.stream();
    this.#open.update(part);
    this.#filled += part.length;
    if (this.#filled < blockBytes) {
      return;
    }
    this.#hashes.push(this.#open.digest());
    this.#open = null;
    this.#filled = 0;
  }
}

export interface Blocks {
  /** Bytes that the hashes cover. */
  readonly bytes: number;
  readonly hashes: BigUint64Array;
  /** Fills `into` with the bytes from `offset` on. @throws where there are not as many */
  fill(into: Uint8Array, offset: number): void;
  /** The error for a block whose bytes are not those that were hashed. */
  damaged(block: number, from: number, to: number): Error;
}

/** Reads ranges, each block of them held against its hash when it is first touched. */
export class CheckedBlocks {
  readonly #blocks: Blocks;
  readonly #hasher: Hasher;
  /** 1 for each block that was read and found sound. */
  readonly #sound: Uint8Array;
  #scratch: Uint8Array | null = null;

  constructor(blocks: Blocks, hasher: Hasher) {
    this.#blocks = blocks;
    this.#hasher = hasher;
    this.#sound = new Uint8Array(blocks.hashes.length);
  }

  /** The bytes from `offset` on (may exceed 2^31), sound. @throws what `damaged` makes, or `fill` */
  read(offset: number, into: Uint8Array): void {
    if (into.length === 0) {
      return;
    }
    const end = offset + into.length;
    const last = Math.floor((end - 1) / blockBytes);
    // Blocks that lie inside the range are checked in place and need no second read.
    let inPlace = true;
    for (let block = Math.floor(offset / blockBytes); block <= last; block++) {
      const start = block * blockBytes;
      const size = this.#size(block);
      const inside = start >= offset && start + size <= end;
      if (this.#sound[block] === 1 || !inside) {
        inPlace = false;
      }
      if (this.#sound[block] === 0) {
        this.#check(block, inside ? into.subarray(start - offset, start - offset + size) : null);
      }
    }
    if (!inPlace) {
      this.#blocks.fill(into, offset);
    }
  }

  /** Checks the blocks from byte `from` up to `to` that were not checked yet. */
  check(from = 0, to = this.#blocks.bytes): void {
    for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
      if (this.#sound[block] === 0) {
        this.#check(block, null);
      }
    }
  }

  /** Reads and checks the blocks from byte `from` up to `to` anew, whatever was checked before. */
  verify(from = 0, to = this.#blocks.bytes): void {
    for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
      this.#check(block, null);
    }
  }

  #size(block: number): number {
    return Math.min(blockBytes, this.#blocks.bytes - block * blockBytes);
  }

  #spare(): Uint8Array {
    this.#scratch ??= new Uint8Array(blockBytes);
    return this.#scratch;
  }

  #check(block: number, place: Uint8Array | null): void {
    const start = block * blockBytes;
    const size = this.#size(block);
    const target = place ?? this.#spare().subarray(0, size);
    this.#blocks.fill(target, start);
    if (this.#hasher.bytes(target) !== this.#blocks.hashes[block]) {
      throw this.#blocks.damaged(block, start, start + size - 1);
    }
    this.#sound[block] = 1;
  }
}
