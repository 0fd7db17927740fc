// What a binding's data are, by content: its text and the bytes of every file, wherever they lie.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { attempt, readFully, readText } from "../../host/files.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { Source } from "../database/source.ts";

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

/** SHA-256 of data.yaml and of each file that it names, in their order. */
export async function contentKey(binding: Binding, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256").update(readText(binding.path));
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    for (const path of boundFiles(binding).flatMap((name) => source.files(name))) {
      hash.update(`\n${(await sumOf(path, signal)).sha256}`);
    }
    return hash.digest("hex");
  } finally {
    source.close();
  }
}
