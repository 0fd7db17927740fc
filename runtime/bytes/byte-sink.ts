// Where bytes go, whatever holds them: a file, memory, a browser's storage. A host brings its own; here is the one in memory.
import { TwinError } from "../../contract/error.ts";

/**
 * One thing that is written, whole or not at all. Whoever writes waits for each promise before the next call, and may use
 * `bytes` again then.
 */
export interface ByteSink {
  /** What errors call it: a path, for example. */
  readonly name: string;
  /** Puts bytes from `position` on, over what stood there. A failure leaves nothing behind. */
  write(bytes: Uint8Array, position: number): void | Promise<void>;
  /** What was written until now outlives a crash, whatever is written later. */
  sync(): void | Promise<void>;
  /** All is written: durable, and under its name. */
  commit(): void | Promise<void>;
  /** Leaves nothing behind. Harmless after `commit()`. */
  abort(): void | Promise<void>;
}

/** Memory that grows. */
export class MemorySink implements ByteSink {
  readonly name: string;
  #memory = new Uint8Array(1 << 16);
  #end = 0;
  #state: "open" | "whole" | "given up" = "open";

  constructor(name: string) {
    this.name = name;
  }

  /** What was written, once it is whole. Not a copy. */
  get bytes(): Uint8Array {
    if (this.#state !== "whole") {
      throw new TwinError(`cannot read ${this.name}: it is not whole`);
    }
    return this.#memory.subarray(0, this.#end);
  }

  write(bytes: Uint8Array, position: number): void {
    if (this.#state !== "open") {
      throw new TwinError(`cannot write ${this.name}: it was already finished or given up`);
    }
    const end = position + bytes.length;
    if (end > this.#memory.length) {
      const larger = this.#larger(end);
      larger.set(this.#memory.subarray(0, this.#end));
      this.#memory = larger;
    }
    this.#memory.set(bytes, position);
    this.#end = Math.max(this.#end, end);
  }

  sync(): void {}

  commit(): void {
    this.#state = "whole";
  }

  abort(): void {
    if (this.#state === "open") {
      this.#state = "given up";
      this.#memory = new Uint8Array(0);
    }
  }

  #larger(end: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(Math.max(end, 2 * this.#memory.length));
    } catch (error) {
      throw new TwinError(`cannot write ${this.name}: ${end} bytes do not fit into memory`, { cause: error });
    }
  }
}
