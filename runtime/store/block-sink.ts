// A new file as a sink of bytes, under its own name from the first: for files in a folder that is renamed when all are whole.
import { closeSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { attempt, fileError, writeFully } from "../host/files.ts";
import { WriteBehind } from "./write-behind.ts";

/** @throws TwinError where the file cannot be made; a failure later removes it */
export function newFile(path: string): ByteSink {
  return new NewFile(
    path,
    attempt("write", path, () => openSync(path, "w")),
  );
}

class NewFile implements ByteSink {
  readonly name: string;
  readonly #behind: WriteBehind;
  #file: number | null;

  constructor(path: string, file: number) {
    this.name = path;
    this.#file = file;
    this.#behind = new WriteBehind(path);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#attempt((file) => writeFully(file, bytes, position));
    this.#behind.add(bytes.length);
  }

  sync(): void {
    this.#attempt(fsyncSync);
  }

  commit(): void {
    this.sync();
    this.#close();
  }

  abort(): void {
    if (this.#file === null) {
      return;
    }
    this.#close();
    try {
      unlinkSync(this.name);
    } catch {
      // Nothing there to remove.
    }
  }

  #attempt(run: (file: number) => void): void {
    if (this.#file === null) {
      throw new TwinError(`cannot write ${this.name}: it was already finished or given up`);
    }
    try {
      run(this.#file);
    } catch (error) {
      this.abort();
      throw fileError(error, "write", this.name);
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
