// Opens a frozen vocabulary's file.
import { TwinError } from "../../contract/error.ts";
import { Vocabulary } from "../encode/vocabulary.ts";
import { readText } from "../host/files.ts";

/** Reads a vocabulary file and checks that it is the one that the manifest means. */
export function readVocabulary(path: string, feature: string, entries: number): Vocabulary {
  const vocabulary = Vocabulary.parse(readText(path), path);
  if (vocabulary.feature !== feature || vocabulary.size !== entries) {
    throw new TwinError(
      `${path} holds ${vocabulary.size} entries of ${vocabulary.feature}, but the manifest expects ${entries} of ${feature}. Restore it, or build anew`,
    );
  }
  return vocabulary;
}
