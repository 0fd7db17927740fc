// Learns every vocabulary of a model in one go, for `twin build --data`.
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { OnProgress } from "../host/progress.ts";
import { type Binding, readBinding } from "./binding.ts";
import type { Source } from "./database/source.ts";
import { clustersOf } from "./learn-clusters.ts";
import { learnEach } from "./learn-each.ts";
import { vocabularyOf } from "./learn-vocabulary.ts";
import type { Values } from "./training-values.ts";

export interface Learned {
  readonly feature: string;
  readonly entries: number;
}

/** Features whose vocabulary is one of centroids. */
export const clusterFeatures = (features: readonly FeatureSpec[]): FeatureSpec[] =>
  features.filter(({ encoder }) => encoder.kind === "centroid");

/** Features that own a vocabulary of values: `vocabulary`, and `tags` of one; those that share another's table learn none. */
export function vocabularyFeatures(features: readonly FeatureSpec[]): FeatureSpec[] {
  return features.filter(({ name, encoder, vocabulary }) => {
    const rows = encoder.kind === "tags" ? encoder.of : encoder;
    return rows.kind === "vocabulary" && (vocabulary === null || vocabulary === name);
  });
}

export interface LearnOptions {
  /** Values that are held of several features at once. */
  readonly most?: number | undefined;
  /** Of clustering, which takes its time. */
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
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
  options: LearnOptions = {},
): Promise<ReadonlyMap<string, readonly string[]>> {
  const learned = new Map<string, readonly string[]>();
  // Read also where nothing is learned: its mistakes are told.
  const own = typeof data === "string" ? readBinding(data) : data;
  const each = async (feature: FeatureSpec, values: Values, source: Source): Promise<void> => {
    const entries = await (feature.encoder.kind === "centroid"
      ? clustersOf(feature, values, source, options)
      : vocabularyOf(feature, values, source));
    learned.set(feature.name, entries);
    told?.({ feature: feature.name, entries: entries.length });
  };
  await learnEach(own, features, [...vocabularyFeatures(features), ...clusterFeatures(features)], each, options.most);
  return learned;
}
