// Files as the compiler hands them out: whole, or as a stream that may be started again.

import { Document, isCollection, isPair, isScalar } from "yaml";
import type { Digest } from "../../contract/digest.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
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

export function bytesFile(path: string, content: Uint8Array | string, digest: Digest): ArtefactFile {
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

/** The same with a last line that vouches for all before it: `checksum: sha256:…`. */
export function checkedYamlFile(path: string, value: unknown, digest: Digest): ArtefactFile {
  const text = yamlText(value);
  const hash = digest();
  hash.update(new TextEncoder().encode(text));
  return bytesFile(path, `${text}checksum: sha256:${hash.hex()}\n`, digest);
}

function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  settle(document.contents);
  if (isCollection(document.contents)) document.contents.flow = false;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

const longestLine = 110;

/** Puts short collections on one line; returns about how long a node is as one line. */
function settle(node: unknown): number {
  if (isPair(node)) return settle(node.key) + settle(node.value) + 4;
  if (!isCollection(node)) return isScalar(node) ? String(node.value).length + 2 : 0;
  const length = node.items.reduce<number>((sum, item) => sum + settle(item), 0);
  node.flow = length <= longestLine;
  return length;
}

/** The manifest's list of files. */
export function filesOf(files: readonly ArtefactFile[]): Manifest["files"] {
  return recordOf(
    files.map(({ path, bytes, sha256, blocks }) => [path, { bytes, sha256, ...(blocks !== undefined && { blocks }) }]),
  );
}
