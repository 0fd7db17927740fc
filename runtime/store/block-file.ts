// A block file of this machine, which several threads may read through one descriptor.
import { closeSync, fstatSync, openSync } from "node:fs";
import type { BlockHeader, BlockKind } from "../../contract/block-format.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { type BlockEnds, BlockReader, blockNames, blocksCure, readEnds, rootOf } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { fileSource } from "../host/file-source.ts";
import { attempt, expectFile, readFully } from "../host/files.ts";

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

export class BlockFile extends BlockReader {
  readonly #file: Descriptor;

  private constructor(file: Descriptor, ends: BlockEnds, hash: Hasher) {
    super(file, ends, hash);
    this.#file = file;
  }

  /** @throws TwinError where the file is missing, foreign, of another version, truncated, or its header is damaged */
  static async open(path: string, kind: BlockKind): Promise<BlockFile> {
    const hash = await hasher();
    expectFile(path, blocksCure(kind));
    const file = attempt("read", path, () => openSync(path, "r"));
    try {
      const stat = attempt("read", path, () => fstatSync(file));
      if (!stat.isFile()) {
        throw new TwinError(`${path} is not ${blockNames[kind]} of Twin: it is not a file. ${blocksCure(kind)}`);
      }
      const source = new Descriptor(path, file, stat.size, true);
      return new BlockFile(source, readEnds(source, kind, hash), hash);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** The file that another thread has open. */
  static async attach({ path, file, ...ends }: BlockImage): Promise<BlockFile> {
    return new BlockFile(new Descriptor(path, file, 0, false), ends, await hasher());
  }

  /** For `attach` in another thread, which must be done with it before this one closes the file. */
  image(): BlockImage {
    return { path: this.path, file: this.#file.opened(), header: this.header, checksums: this.checksums };
  }
}

class Descriptor implements ByteSource {
  readonly name: string;
  readonly bytes: number;
  readonly #own: boolean;
  #file: number | null;

  /** @param own whether it is closed here, and not by another thread */
  constructor(path: string, file: number, bytes: number, own: boolean) {
    this.name = path;
    this.bytes = bytes;
    this.#file = file;
    this.#own = own;
  }

  opened(): number {
    if (this.#file === null) {
      throw new TwinError(`cannot read ${this.name}: it was closed`);
    }
    return this.#file;
  }

  read(into: Uint8Array, position: number): number {
    const file = this.opened();
    return attempt("read", this.name, () => readFully(file, into, position));
  }

  close(): void {
    if (this.#file !== null && this.#own) {
      closeSync(this.#file);
    }
    this.#file = null;
  }
}

/** Which block file lies at a path. @throws TwinError where it cannot be read */
export function rootOfFile(path: string): string {
  const source = fileSource(path);
  try {
    return rootOf(source);
  } finally {
    source.close();
  }
}
