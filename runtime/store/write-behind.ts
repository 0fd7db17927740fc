// Sends what a long file holds so far to the disk while more is written, so that little is left to wait for at its end.
import { close, closeSync, fdatasync, openSync } from "node:fs";

/** Bytes that may wait before they are sent on their way. */
const most = 32 << 20;

/**
 * One file's. Nothing is promised by it: whoever writes the file makes it durable with an fsync of their own, which then
 * finds little to do, and which reports what fails here. It has a descriptor of its own, that may stay open for as long as
 * the system is at it.
 */
export class WriteBehind {
  readonly #path: string;
  #file: number | null = null;
  #waiting = 0;
  #busy = false;
  /** Windows renames no folder in which a file is open. */
  #ended = process.platform === "win32";

  constructor(path: string) {
    this.#path = path;
  }

  /** So many more bytes were written. Sending them blocks nobody. */
  add(bytes: number): void {
    this.#waiting += bytes;
    if (this.#waiting < most || this.#busy || this.#ended) {
      return;
    }
    this.#waiting = 0;
    try {
      this.#file ??= openSync(this.#path, "r+");
    } catch {
      this.#ended = true;
      return;
    }
    const file = this.#file;
    this.#busy = true;
    fdatasync(file, () => {
      this.#busy = false;
      if (this.#ended) {
        close(file, () => undefined);
      }
    });
  }

  end(): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    if (this.#file !== null && !this.#busy) {
      closeSync(this.#file);
    }
  }
}
