// A hash for each MiB of a column file: made while the file is written, held against its bytes before they are used.
import { closeSync, openSync } from "node:fs";
import { TwinError } from "../../error.ts";
import { attempt, readFully } from "../../files.ts";
import type { Hasher, HashStream } from "../../hash.ts";

export const blockBytes = 1 << 20;

/** What a file held when it was written. */
export interface FileBlocks {
  readonly bytes: number;
  /** xxHash64 (seed 0) of each block as 16 hexadecimal digits; the last block may be shorter. */
  readonly blocks: readonly string[];
}

/** The way out of damage: a folder that says that it is whole is not made anew by itself. */
export const makeAnew = "Remove the folder of the prepared data, and the same command makes it anew from the data";

const textOf = (hash: bigint): string => hash.toString(16).padStart(16, "0");

/** Hashes what is appended to a file. */
export class BlockHashes {
  readonly #hasher: Hasher;
  readonly #done: string[];
  #stream: HashStream | null = null;
  #filled = 0;

  /** @param done hashes of the whole blocks that are there already */
  constructor(hasher: Hasher, done: readonly string[] = []) {
    this.#hasher = hasher;
    this.#done = [...done];
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + blockBytes - this.#filled);
      this.#stream ??= this.#hasher.stream();
      this.#stream.update(piece);
      at += piece.length;
      this.#filled += piece.length;
      if (this.#filled === blockBytes) this.#end();
    }
  }

  /** Of everything so far. */
  get(): FileBlocks {
    const blocks = this.#stream === null ? [...this.#done] : [...this.#done, textOf(this.#stream.digest())];
    return { bytes: this.#done.length * blockBytes + this.#filled, blocks };
  }

  #end(): void {
    this.#done.push(textOf(this.#stream!.digest()));
    this.#stream = null;
    this.#filled = 0;
  }
}

/** @throws TwinError naming file and block where the bytes are not those that were written */
export function expectBlock(
  path: string,
  { blocks }: FileBlocks,
  block: number,
  bytes: Uint8Array,
  hasher: Hasher,
): void {
  if (textOf(hasher.bytes(bytes)) === blocks[block]) return;
  const from = block * blockBytes;
  throw new TwinError(
    `${path} is damaged: bytes ${from} to ${from + bytes.length - 1} (block ${block}) do not have their checksum. ${makeAnew}`,
  );
}

/** First byte and end of a block. */
export const blockRange = ({ bytes }: FileBlocks, block: number): readonly [number, number] => [
  block * blockBytes,
  Math.min(bytes, (block + 1) * blockBytes),
];

/** Reads a file's listed bytes through. @returns the blocks that are damaged, those beyond a file's end among them */
export function damagedBlocks(path: string, file: FileBlocks, hasher: Hasher): number[] {
  const opened = attempt("read", path, () => openSync(path, "r"));
  const damaged: number[] = [];
  const buffer = new Uint8Array(Math.min(file.bytes, blockBytes));
  try {
    for (let block = 0; block < file.blocks.length; block++) {
      const [from, to] = blockRange(file, block);
      const bytes = buffer.subarray(0, to - from);
      const got = attempt("read", path, () => readFully(opened, bytes, from));
      if (got < bytes.length || textOf(hasher.bytes(bytes)) !== file.blocks[block]) damaged.push(block);
    }
  } finally {
    closeSync(opened);
  }
  return damaged;
}
