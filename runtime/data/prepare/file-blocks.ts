// A hash for each MiB of a column file: made while the file is written, held against its bytes before they are used.
import { closeSync, openSync } from "node:fs";
import { BlockHashing, blockBytes, hashText } from "../../../contract/block-hashes.ts";
import { TwinError } from "../../../contract/error.ts";
import type { Hasher } from "../../../contract/hash.ts";
import { attempt, readFully } from "../../host/files.ts";

/** What a file held when it was written. */
export interface FileBlocks {
  readonly bytes: number;
  /** xxHash64 (seed 0) of each block as 16 hexadecimal digits; the last block may be shorter. */
  readonly blocks: readonly string[];
}

/** The way out of damage: a folder that says that it is whole is not made anew by itself. */
export const makeAnew = "Remove the folder of the prepared data, and the same command makes it anew from the data";

/** Hashes what is appended to a file. */
export class BlockHashes extends BlockHashing {
  /** @param done hashes of the whole blocks that are there already */
  constructor(hasher: Hasher, done: readonly string[] = []) {
    super(
      hasher,
      done.map((text) => BigInt(`0x${text}`)),
    );
  }

  /** Of everything so far. */
  get(): FileBlocks {
    return { bytes: this.bytes, blocks: Array.from(this.hashes, hashText) };
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
  if (hashText(hasher.bytes(bytes)) === blocks[block]) {
    return;
  }
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
      if (got < bytes.length || hashText(hasher.bytes(bytes)) !== file.blocks[block]) {
        damaged.push(block);
      }
    }
  } finally {
    closeSync(opened);
  }
  return damaged;
}
