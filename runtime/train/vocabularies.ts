// The vocabularies that lie in a folder.
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Vocabulary } from "../encode/vocabulary.ts";
import { readText } from "../host/files.ts";
import { expectListed } from "./run-files.ts";

/**
 * The vocabularies in a folder, by the feature that owns each; none where there is no folder.
 * @throws TwinError where the run or build that it is part of lists one otherwise
 */
export function readVocabularies(folder: string): Map<string, readonly string[]> {
  if (!existsSync(folder)) {
    return new Map();
  }
  const whole = resolve(folder);
  expectListed(dirname(whole), (path) => path.startsWith(`${basename(whole)}/`));
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return new Map(
    files.sort().map((name) => {
      const path = join(folder, name);
      const { feature, entries } = Vocabulary.parse(readText(path), path);
      return [feature, entries];
    }),
  );
}
