// vocabularies/FEATURE.jsonl: a learned vocabulary, frozen, in row order.

import { digestOf } from "../../contract/digest.ts";
import { vocabularyName } from "../../contract/vocabulary-name.ts";
import { InputError, inputError } from "../diagnostics/input-error.ts";
import { givenName, vocabularyLimit, vocabularyOwners } from "../model/embeddings.ts";
import type { Model } from "../model/model.ts";

export interface VocabularyFile {
  /** The feature that owns it. */
  readonly name: string;
  readonly file: string;
  readonly entries: number;
  readonly text: string;
  /** SHA-256 of the entries alone: a renamed feature keeps it. */
  readonly digest: string;
}

/**
 * One file for every vocabulary of the model; one that was not given is empty. Throws `InputError` for a vocabulary that
 * no feature has, that is longer than declared, or that holds an entry twice.
 */
export function vocabularyFiles(model: Model, given: ReadonlyMap<string, readonly string[]>): VocabularyFile[] {
  const used = new Set<string>();
  const files = vocabularyOwners(model).map((feature): VocabularyFile => {
    const { qualified } = feature;
    const key = givenName(feature, given);
    used.add(key);
    const entries = given.get(key) ?? [];
    const limit = vocabularyLimit(feature)!;
    if (entries.length > limit) {
      throw new InputError(
        `T${vocabularyName(qualified).slice(1)} has ${entries.length} entries, but the model allows ${limit}: raise its \`max\`, or learn it again.`,
      );
    }
    refuseRepeats(qualified, entries);
    const head = JSON.stringify({ format: 1, feature: qualified, entries: entries.length });
    const lines = linesOf(entries);
    return {
      name: qualified,
      file: `vocabularies/${qualified}.jsonl`,
      entries: entries.length,
      text: `${head}\n${lines}`,
      digest: entriesDigest(entries),
    };
  });
  const foreign = [...given.keys()].filter((name) => !used.has(name));
  if (foreign.length > 0) {
    throw inputError(
      "These vocabularies belong to no feature of the model:",
      foreign,
      "Leave them out, or give their features the kind `vocabulary`. A feature that shares another's table shares its vocabulary too.",
    );
  }
  return files;
}

function refuseRepeats(feature: string, entries: readonly string[]): void {
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    if (seen.has(entry)) {
      throw new InputError(
        `T${vocabularyName(feature).slice(1)} holds ${JSON.stringify(entry)} twice, the second time at entry ${index + 1}: learn it again.`,
      );
    }
    seen.add(entry);
  });
}

/** SHA-256 of a vocabulary's entries alone: a renamed feature keeps it. */
export function entriesDigest(entries: readonly string[]): string {
  return digestOf(linesOf(entries));
}

const linesOf = (entries: readonly string[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
