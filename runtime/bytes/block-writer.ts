// Writes a block file as a stream: the payload in order, checksums as it goes, the header last.
import { type BlockKind, encodeHeader, headerBytes } from "../../contract/block-format.ts";
import { blockBytes } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { ByteSink } from "./byte-sink.ts";

/** Whoever writes waits for each call before the next. */
export class BlockWriter {
  readonly #sink: ByteSink;
  readonly #kind: BlockKind;
  readonly #fields: Record<string, unknown>;
  readonly #hasher: Hasher;
  readonly #pending = new Uint8Array(blockBytes);
  readonly #checksums: bigint[] = [];
  #filled = 0;
  #payload = 0;
  #state: "open" | "writing" | "ended" = "open";

  private constructor(sink: ByteSink, kind: BlockKind, fields: Record<string, unknown>, hash: Hasher) {
    this.#sink = sink;
    this.#kind = kind;
    this.#fields = fields;
    this.#hasher = hash;
  }

  /** Begins a file. It has no valid header, and so cannot be opened, before `finish()`. */
  static async create(sink: ByteSink, kind: BlockKind, fields: Record<string, unknown> = {}): Promise<BlockWriter> {
    return new BlockWriter(sink, kind, fields, await hasher());
  }

  /** Payload bytes so far. */
  get bytes(): number {
    return this.#payload + this.#filled;
  }

  /** Appends to the payload. A failure gives the file up. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#alone(() => this.#append(bytes));
    this.#state = "open";
  }

  /** Writes checksums and header, and makes the file durable. `fields` are added to those of `create`. */
  async finish(fields: Record<string, unknown> = {}): Promise<void> {
    await this.#alone(async () => {
      if (this.#filled > 0) {
        await this.#flush();
      }
      const header = encodeHeader(
        { ...this.#fields, ...fields, kind: this.#kind, format: 1, payload: this.#payload, block: blockBytes },
        this.#hasher,
      );
      if (header === null) {
        throw new TwinError(`cannot write ${this.#sink.name}: its header would be longer than ${headerBytes} bytes`);
      }
      const checksums = BigUint64Array.from(this.#checksums);
      await this.#sink.write(new Uint8Array(checksums.buffer), headerBytes + this.#payload);
      // Durable before the header: a header never stands over bytes that a crash may lose.
      await this.#sink.sync();
      await this.#sink.write(header, 0);
      await this.#sink.commit();
    });
    this.#state = "ended";
  }

  /** Removes what was written. Does nothing after `finish()`. */
  async abort(): Promise<void> {
    if (this.#state !== "ended") {
      this.#state = "ended";
      await this.#sink.abort();
    }
  }

  async #alone(run: () => Promise<void>): Promise<void> {
    if (this.#state === "ended") {
      throw new TwinError(`cannot write ${this.#sink.name}: it was already finished or given up`);
    }
    if (this.#state === "writing") {
      throw new Error(`${this.#sink.name} is written by two at once`);
    }
    this.#state = "writing";
    try {
      await run();
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      if (this.#filled === 0 && bytes.length - done >= blockBytes) {
        await this.#block(bytes.subarray(done, done + blockBytes));
        done += blockBytes;
        continue;
      }
      const piece = bytes.subarray(done, done + blockBytes - this.#filled);
      this.#pending.set(piece, this.#filled);
      this.#filled += piece.length;
      done += piece.length;
      if (this.#filled === blockBytes) {
        await this.#flush();
      }
    }
  }

  async #flush(): Promise<void> {
    await this.#block(this.#pending.subarray(0, this.#filled));
    this.#filled = 0;
  }

  async #block(bytes: Uint8Array): Promise<void> {
    this.#checksums.push(this.#hasher.bytes(bytes));
    await this.#sink.write(bytes, headerBytes + this.#payload);
    this.#payload += bytes.length;
  }
}
