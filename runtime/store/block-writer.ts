// Writes a block file as a stream: the payload in order, checksums as it goes, the header last.
import { closeSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { type BlockKind, encodeHeader, headerBytes } from "../../contract/block-format.ts";
import { blockBytes } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { attempt, fileError, writeFully } from "../host/files.ts";
import { WriteBehind } from "./write-behind.ts";

export class BlockWriter {
  readonly path: string;
  readonly #kind: BlockKind;
  readonly #fields: Record<string, unknown>;
  readonly #hasher: Hasher;
  readonly #pending = new Uint8Array(blockBytes);
  readonly #checksums: bigint[] = [];
  readonly #behind: WriteBehind;
  #file: number | null;
  #filled = 0;
  #payload = 0;

  private constructor(path: string, kind: BlockKind, fields: Record<string, unknown>, file: number, hash: Hasher) {
    this.path = path;
    this.#kind = kind;
    this.#fields = fields;
    this.#file = file;
    this.#hasher = hash;
    this.#behind = new WriteBehind(path);
  }

  /** Begins a file. It has no valid header, and so cannot be opened, before `finish()`. */
  static async create(path: string, kind: BlockKind, fields: Record<string, unknown> = {}): Promise<BlockWriter> {
    const hash = await hasher();
    return new BlockWriter(
      path,
      kind,
      fields,
      attempt("write", path, () => openSync(path, "w")),
      hash,
    );
  }

  /** Payload bytes so far. */
  get bytes(): number {
    return this.#payload + this.#filled;
  }

  /** Appends to the payload. A failure removes the file. */
  write(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      if (this.#filled === 0 && bytes.length - done >= blockBytes) {
        this.#block(bytes.subarray(done, done + blockBytes));
        done += blockBytes;
        continue;
      }
      const piece = bytes.subarray(done, done + blockBytes - this.#filled);
      this.#pending.set(piece, this.#filled);
      this.#filled += piece.length;
      done += piece.length;
      if (this.#filled === blockBytes) {
        this.#flush();
      }
    }
  }

  /** Writes checksums and header, and makes the file durable. `fields` are added to those of `create`. */
  finish(fields: Record<string, unknown> = {}): void {
    if (this.#filled > 0) {
      this.#flush();
    }
    const header = encodeHeader(
      { ...this.#fields, ...fields, kind: this.#kind, format: 1, payload: this.#payload, block: blockBytes },
      this.#hasher,
    );
    if (header === null) {
      this.abort();
      throw new TwinError(`cannot write ${this.path}: its header would be longer than ${headerBytes} bytes`);
    }
    const checksums = BigUint64Array.from(this.#checksums);
    this.#attempt((file) => {
      writeFully(file, new Uint8Array(checksums.buffer), headerBytes + this.#payload);
      // Durable before the header: a header never stands over bytes that a crash may lose.
      fsyncSync(file);
      writeFully(file, header, 0);
      fsyncSync(file);
    });
    this.#close();
  }

  /** Removes what was written. Does nothing after `finish()`. */
  abort(): void {
    if (this.#file !== null) {
      this.#close();
      try {
        unlinkSync(this.path);
      } catch {
        // Nothing there to remove.
      }
    }
  }

  #flush(): void {
    this.#block(this.#pending.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #block(bytes: Uint8Array): void {
    this.#checksums.push(this.#hasher.bytes(bytes));
    this.#attempt((file) => writeFully(file, bytes, headerBytes + this.#payload));
    this.#payload += bytes.length;
    this.#behind.add(bytes.length);
  }

  #attempt(run: (file: number) => void): void {
    if (this.#file === null) {
      throw new TwinError(`cannot write ${this.path}: it was already finished or given up`);
    }
    try {
      run(this.#file);
    } catch (error) {
      this.abort();
      throw fileError(error, "write", this.path);
    }
  }

  #close(): void {
    this.#behind.end();
    if (this.#file !== null) {
      const file = this.#file;
      this.#file = null;
      closeSync(file);
    }
  }
}
