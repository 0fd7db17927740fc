// Files as the compiler hands them out: whole, or as a stream that may be started again.

import type { Digest } from "../../contract/digest.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { manifestFile, manifestJsonFile, manifestTexts } from "../../contract/manifest-write.ts";
import { recordOf } from "../../contract/record.ts";
import { yamlText } from "../../contract/yaml-write.ts";
import { blockHashing, blocksText } from "./block-hashes.ts";

/** One file to be written. Large ones are streams; each call of `content` starts from the beginning. */
export interface ArtefactFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of a file of tensors: the hash of each MiB. */
  readonly blocks?: string;
  readonly content: Uint8Array | (() => Iterable<Uint8Array>);
}

export function bytesFile(
  path: string,
  content: Uint8Array | string,
  digest: Digest,
): ArtefactFile & { readonly content: Uint8Array } {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const hash = digest();
  hash.update(bytes);
  return { path, bytes: bytes.length, sha256: hash.hex(), content: bytes };
}

/** A file of tensors: read in parts, and so hashed by its MiBs, too. */
export function tensorsFile(path: string, content: Uint8Array, digest: Digest): ArtefactFile {
  const hashing = blockHashing();
  hashing.update(content);
  return { ...bytesFile(path, content, digest), blocks: blocksText(hashing) };
}

/** Keys in the order of the object, no anchors, short collections on one line: equal objects, equal bytes. */
export function yamlFile(path: string, value: unknown, digest: Digest): ArtefactFile {
  return bytesFile(path, yamlText(value), digest);
}

/** The manifest's list of files. */
export function filesOf(files: readonly ArtefactFile[]): Manifest["files"] {
  return recordOf(
    files.map(({ path, bytes, sha256, blocks }) => [path, { bytes, sha256, ...(blocks !== undefined && { blocks }) }]),
  );
}

/** manifest.json, and manifest.yaml, which vouches for it and for all other files. */
export function manifestFiles(
  given: Manifest,
  digest: Digest,
): { readonly manifest: Manifest; readonly files: readonly ReturnType<typeof bytesFile>[] } {
  const { json, yaml, manifest } = manifestTexts(given);
  return { manifest, files: [bytesFile(manifestJsonFile, json, digest), bytesFile(manifestFile, yaml, digest)] };
}
