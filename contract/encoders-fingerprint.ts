// What an item store depends on: how item features are encoded. Equal fingerprint, equal encoded rows for every raw value.

import { digestOf } from "./digest.ts";
import type { Manifest } from "./manifest.ts";
import { recordOf } from "./record.ts";
import { vectorsOf } from "./vectors-of.ts";

/** SHA-256 of the item features' names, encoders, and vocabularies or known vectors, in the manifest's order. */
export function encodersFingerprint(manifest: Manifest): string {
  const features = manifest.features.filter((feature) => feature.group === "item");
  const vectors = new Map(vectorsOf(manifest).map(({ feature, fingerprint }) => [feature, fingerprint]));
  const lines = features.map(({ name, encoder, vocabulary }) => {
    const entry = manifest.vocabularies.find((one) => one.name === vocabulary);
    const entries = entry === undefined ? (vectors.get(name) ?? null) : manifest.files[entry.file]?.sha256;
    return JSON.stringify([name, sorted(encoder), entries]);
  });
  return digestOf(`twin encoders 1\n${lines.join("\n")}\n`);
}

/** Members in the order of their names, so that the order in a YAML file does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return recordOf(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
