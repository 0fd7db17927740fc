// A file as a source of bytes, open until it is closed.
import { closeSync, fstatSync, openSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { attempt, readFully } from "./files.ts";

/** @throws TwinError where it is missing, or no file */
export function fileSource(path: string): ByteSource {
  const file = attempt("read", path, () => openSync(path, "r"));
  try {
    const stat = attempt("read", path, () => fstatSync(file));
    if (!stat.isFile()) {
      throw new TwinError(`cannot read ${path}: it is not a file`);
    }
    return new FileSource(path, file, stat.size);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

class FileSource implements ByteSource {
  readonly name: string;
  readonly bytes: number;
  #file: number | null;

  constructor(path: string, file: number, bytes: number) {
    this.name = path;
    this.bytes = bytes;
    this.#file = file;
  }

  read(into: Uint8Array, position: number): number {
    const file = this.#file;
    if (file === null) {
      throw new TwinError(`cannot read ${this.name}: it was closed`);
    }
    return attempt("read", this.name, () => readFully(file, into, position));
  }

  close(): void {
    if (this.#file !== null) {
      closeSync(this.#file);
      this.#file = null;
    }
  }
}
