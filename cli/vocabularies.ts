// A folder of vocabulary files, as a build, a training run or an import writes them.

import { readdirSync } from "node:fs";
import { TwinError } from "../contract/error.ts";
import { attempt } from "../runtime/host/files.ts";
import { readVocabularies as vocabulariesIn } from "../runtime/train/index.ts";

/** Entries by feature. Those of features that the model does not have are refused by the compiler. */
export function readVocabularies(dir: string): ReadonlyMap<string, readonly string[]> {
  attempt("read", dir, () => readdirSync(dir));
  const found = vocabulariesIn(dir);
  if (found.size === 0) {
    throw new TwinError(`${dir} holds no vocabulary (.jsonl): a build has them in its folder vocabularies`);
  }
  return found;
}
