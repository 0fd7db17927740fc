// What a binding's data are, by content: its text and the bytes of every file, wherever they lie.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { attempt, readFully, readText } from "../../host/files.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { Source } from "../database/source.ts";

const piece = 1 << 22;

/** SHA-256 of data.yaml and of each file that it names, in their order. */
export async function contentKey(binding: Binding, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256").update(readText(binding.path));
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const bytes = new Uint8Array(piece);
    for (const path of boundFiles(binding).flatMap((name) => source.files(name))) {
      const own = createHash("sha256");
      const file = attempt("read", path, () => openSync(path, "r"));
      try {
        for (let at = 0, read = piece; read === piece; at += read) {
          await new Promise(setImmediate);
          signal?.throwIfAborted();
          read = attempt("read", path, () => readFully(file, bytes, at));
          own.update(bytes.subarray(0, read));
        }
      } finally {
        closeSync(file);
      }
      hash.update(`\n${own.digest("hex")}`);
    }
    return hash.digest("hex");
  } finally {
    source.close();
  }
}
