// Embedding tables and vocabularies with the features that read them, in the order of the model.

import { allFeatures, formerName } from "./features.ts";
import type { Embedding, Feature, Model } from "./model.ts";
import { tablesBeside } from "./own.ts";
import { outsidePort } from "./ports.ts";

export interface EmbeddingUse {
  readonly embedding: Embedding;
  /** Features that read it, in manifest order. */
  readonly readers: readonly Feature[];
  /** Graph input that takes fetched rows where the table is outside: `item.video_id.rows`. */
  readonly input: string;
}

/** Every embedding table once, in the order of its first reader. */
export function embeddingsOf(model: Model): EmbeddingUse[] {
  const uses = new Map<string, { embedding: Embedding; readers: Feature[]; input: string }>();
  for (const feature of allFeatures(model)) {
    if (feature.embedding === null) {
      continue;
    }
    const { parameter } = feature.embedding;
    const use = uses.get(parameter) ?? {
      embedding: feature.embedding,
      readers: [],
      input: outsidePort(feature.embedding),
    };
    use.readers.push(feature);
    uses.set(parameter, use);
  }
  return [...uses.values()];
}

/** The feature whose learned vocabulary `feature` is looked up in: its table's owner, or itself; null: it needs none. */
export function vocabularyOwner(model: Model, feature: Feature): Feature | null {
  if (!learns(feature)) {
    return null;
  }
  const owner = allFeatures(model).find((other) => feature.embedding?.parameter === `${other.qualified}.table`);
  return owner && learns(owner) ? owner : feature;
}

/** The most entries that the feature's vocabulary may have, of clusters the centroids; null where it has none. */
export function vocabularyLimit({ encoder }: Feature): number | null {
  const rows = encoder.kind === "tags" ? encoder.of : encoder;
  return rows.kind === "vocabulary" ? rows.max : rows.kind === "centroid" ? rows.groups : null;
}

const learns = (feature: Feature) => vocabularyLimit(feature) !== null;

/**
 * The parameters whose rows are a vocabulary's entries behind row 0, by the feature that owns the vocabulary: the embedding
 * table, and those that metrics and towers' wide terms have of their own.
 */
export function vocabularyTables(model: Model): Map<string, string> {
  const found = new Map<string, string>();
  for (const feature of allFeatures(model)) {
    const owner = vocabularyOwner(model, feature);
    if (owner === null || feature.embedding === null) {
      continue;
    }
    found.set(feature.embedding.parameter, owner.qualified);
  }
  for (const { embedding, reader } of tablesBeside(model)) {
    const owner = vocabularyOwner(model, reader);
    if (owner !== null) {
      found.set(embedding.parameter, owner.qualified);
    }
  }
  return found;
}

/** The features that own a vocabulary, in the order of the model. */
export function vocabularyOwners(model: Model): Feature[] {
  const owners = allFeatures(model).map((feature) => vocabularyOwner(model, feature));
  return [...new Set(owners.filter((owner) => owner !== null))];
}

/** The name under which a feature's vocabulary was given: its own, or its former one. */
export function givenName(feature: Feature, given: ReadonlyMap<string, unknown>): string {
  const former = formerName(feature);
  return given.has(feature.qualified) || former === null ? feature.qualified : former;
}
