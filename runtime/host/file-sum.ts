// A file as its length and SHA-256, read in pieces.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { attempt, readFully } from "./files.ts";

const piece = 1 << 22;

/** Length and SHA-256 of a file, read in pieces. */
export async function sumOf(
  path: string,
  signal?: AbortSignal,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  const bytes = new Uint8Array(piece);
  const file = attempt("read", path, () => openSync(path, "r"));
  let at = 0;
  try {
    for (let read = piece; read === piece; at += read) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      read = attempt("read", path, () => readFully(file, bytes, at));
      hash.update(bytes.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return { bytes: at, sha256: hash.digest("hex") };
}
