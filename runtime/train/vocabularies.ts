// The vocabularies that lie in a folder.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readText } from "../files.ts";
import { Vocabulary } from "../vocabulary.ts";

/** The vocabularies in a folder, by the feature that owns each; none where there is no folder. */
export function readVocabularies(folder: string): Map<string, readonly string[]> {
  if (!existsSync(folder)) return new Map();
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return new Map(
    files.sort().map((name) => {
      const path = join(folder, name);
      const { feature, entries } = Vocabulary.parse(readText(path), path);
      return [feature, entries];
    }),
  );
}
