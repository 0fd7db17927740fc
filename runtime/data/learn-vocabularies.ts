// Learns every vocabulary of a model in one go, for `twin build --data`.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Binding, boundFiles, readBinding } from "./binding.ts";
import { Source } from "./database/source.ts";
import { checkElapsed } from "./elapsed-unit.ts";
import { itemKeyType } from "./key-type.ts";
import { learnVocabulary } from "./learn-vocabulary.ts";

export interface Learned {
  readonly feature: string;
  readonly entries: number;
}

/** Features that own a vocabulary: `vocabulary`, and `tags` of one; those that share another's table learn none. */
export function vocabularyFeatures(features: readonly FeatureSpec[]): FeatureSpec[] {
  return features.filter(({ name, encoder, vocabulary }) => {
    const rows = encoder.kind === "tags" ? encoder.of : encoder;
    return rows.kind === "vocabulary" && (vocabulary === null || vocabulary === name);
  });
}

/**
 * @param data path of data.yaml, or a binding
 * @param told after each vocabulary
 * @returns entries by feature, most frequent first; empty where the model has no vocabularies
 */
export async function learnVocabularies(
  data: string | Binding,
  features: readonly FeatureSpec[],
  told?: (learned: Learned) => void,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const binding = typeof data === "string" ? readBinding(data) : data;
  const learned = new Map<string, readonly string[]>();
  const wanted = vocabularyFeatures(features);
  if (wanted.length === 0) {
    return learned;
  }
  const key = features.find((feature) => feature.group === "item" && feature.key);
  if (!key) {
    throw new TwinError("the model has no item key, so events and items cannot be joined");
  }
  checkElapsed(binding, features);
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const keyType = await itemKeyType(source, binding, key);
    for (const feature of wanted) {
      const entries = await learnVocabulary(feature, binding, source, keyType);
      learned.set(feature.name, entries);
      told?.({ feature: feature.name, entries: entries.length });
    }
  } finally {
    source.close();
  }
  return learned;
}
