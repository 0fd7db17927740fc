// What a binding's data are, by content: its text and the bytes of every file, wherever they lie.
import { createHash } from "node:crypto";
import { sumOf } from "../../host/file-sum.ts";
import { readText } from "../../host/files.ts";
import { type Binding, boundFiles } from "../binding.ts";
import { Source } from "../database/source.ts";

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
