// Opens keys.index.
import type { KeyIndex } from "../table/key-index.ts";
import { readKeyIndex } from "../table/key-index-read.ts";
import { BlockFile } from "./block-file.ts";

/** @throws TwinError where it is missing, foreign or damaged */
export async function openKeyIndex(path: string, options: { readonly shared?: boolean } = {}): Promise<KeyIndex> {
  const file = await BlockFile.open(path, "index");
  try {
    return await readKeyIndex(file, options.shared);
  } finally {
    file.close();
  }
}
