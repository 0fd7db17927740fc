// Opens a frozen vocabulary's file.
import { Vocabulary } from "../encode/vocabulary.ts";
import { readText } from "../host/files.ts";

/** Reads a vocabulary file and checks that it is the one that the manifest means. */
export function readVocabulary(path: string, feature: string, entries: number): Vocabulary {
  return Vocabulary.expect(readText(path), path, feature, entries);
}
