// The two texts of a manifest, which say the same: manifest.json for readers without YAML, and manifest.yaml, which lists it.
import { checkedJson } from "./checked-json.ts";
import { digestOf } from "./digest.ts";
import type { Manifest } from "./manifest.ts";
import { recordOf } from "./record.ts";
import { yamlText } from "./yaml-write.ts";

export const manifestFile = "manifest.yaml";
export const manifestJsonFile = "manifest.json";

export interface ManifestTexts {
  readonly json: string;
  readonly yaml: string;
  /** With manifest.json among its files, as manifest.yaml says it. */
  readonly manifest: Manifest;
}

/** A manifest without its checksum and without a place for manifest.json, which cannot say its own. */
export function bareManifest({ checksum: _, ...manifest }: Manifest): Manifest {
  const { files } = manifest;
  return { ...manifest, files: recordOf(Object.entries(files).filter(([name]) => name !== manifestJsonFile)) };
}

export function manifestTexts(given: Manifest): ManifestTexts {
  const bare = bareManifest(given);
  const json = checkedJson(bare);
  const bytes = new TextEncoder().encode(json);
  const listed = { bytes: bytes.length, sha256: digestOf(bytes) };
  const manifest = { ...bare, files: recordOf([...Object.entries(bare.files), [manifestJsonFile, listed] as const]) };
  const text = yamlText(manifest);
  return { json, yaml: `${text}checksum: sha256:${digestOf(text)}\n`, manifest };
}
