// A build folder, opened: the manifest, every file checked against it, vocabularies and outside embeddings at hand.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { graphInputs } from "../../contract/ports.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Vocabulary } from "../encode/vocabulary.ts";
import { previousOf } from "../host/build-folder.ts";
import { attempt, expectFile } from "../host/files.ts";
import { readManifest } from "../host/manifest-file.ts";
import { openTensors } from "../host/tensor-file.ts";
import { type OutsideTables, type RequestArtefacts, statsTaken } from "../request/index.ts";
import { readVocabulary, tensorRows } from "../store/index.ts";
import { checkWeights, type Verify, type WeightsCheck } from "./weights-check.ts";

const again = "Build the artefacts again: twin build FILE -o DIR";

export interface Artefacts extends RequestArtefacts {
  /** The embedding tables that no graph holds, held against their hashes; null where every table is inside. */
  readonly outside: (OutsideTables & { close(): void }) | null;
  /** Whether the weights are those of the build: no answer leaves before. */
  readonly weights: WeightsCheck;
}

/**
 * Opens DIR and checks that it is whole: the manifest, the size of every file, the SHA-256 of all but the tensors. What
 * graphs read of the weights is being checked when it returns: wait for `weights.sound` before using a number.
 * @throws TwinError naming the file and the way out
 */
export async function openArtefacts(
  wanted: string,
  warn: (message: string) => void,
  { verify = "blocks", weights: elsewhere }: { readonly verify?: Verify; readonly weights?: string | null } = {},
): Promise<Artefacts> {
  const dir = recovered(wanted, warn);
  const manifest = readManifest(dir);
  for (const [file, expected] of Object.entries(manifest.files)) {
    checkFile(dir, file, expected);
  }
  const itemFeatures = manifest.features.filter((feature) => feature.group === "item");
  const hash: Hasher = await hasher();
  const file = verify === "sizes" ? openTensors(join(dir, weightsFile)) : openListed(dir, manifest, weightsFile, hash);
  const weights = await checkWeights(dir, manifest, file, verify, elsewhere);
  const apart = manifest.embeddings.some((embedding) => embedding.placement.kind === "outside");
  if (!apart) {
    file.close();
  }
  const outside = apart ? { rows: tensorRows(file), close: () => file.close() } : null;
  const vocabulary = vocabularies(dir, manifest);
  const context = (where: string, now?: number): EncodeContext =>
    now === undefined ? { hasher: hash, vocabulary, where } : { hasher: hash, vocabulary, where, now };
  const inputs = graphInputs(manifest);
  return { dir, manifest, inputs, itemFeatures, statsTaken: statsTaken(manifest, inputs), outside, weights, context };
}

/** A file of tensors of a build; its blocks are held against the manifest's hashes, where it has them, when they are read. */
export function openListed(dir: string, { files }: Manifest, name: string, hash: Hasher): TensorFile {
  const path = join(dir, name);
  if (!Object.hasOwn(files, name)) {
    throw new TwinError(`${join(dir, "manifest.yaml")} does not list ${name}. ${again}`);
  }
  const { bytes, blocks } = files[name];
  return openTensors(path, blocks === undefined ? undefined : { bytes, blocks, hasher: hash });
}

/** A build's weights, once they are known to be sound. @throws TwinError where they are not */
export async function openWeights({ dir, manifest, weights }: Artefacts): Promise<TensorFile> {
  await weights.sound;
  return openListed(dir, manifest, weightsFile, await hasher());
}

/**
 * `twin build` puts a new folder in the place of the old one by two renames. Killed between them, it leaves the old
 * one as `.NAME.previous`, which is whole.
 */
export function recovered(dir: string, warn: (message: string) => void): string {
  if (existsSync(dir)) {
    return dir;
  }
  const previous = previousOf(resolve(dir));
  if (!existsSync(previous)) {
    return dir;
  }
  warn(
    `${dir} is missing: a build was stopped in its last step. The artefacts before it are used, from ${previous}; build again`,
  );
  return previous;
}

function checkFile(dir: string, file: string, expected: { bytes: number; sha256: string }): void {
  const path = join(dir, file);
  expectFile(path, again);
  const { size } = attempt("read", path, () => statSync(path));
  if (size !== expected.bytes) {
    const what = size < expected.bytes ? "it is truncated" : "it is not the file of this build";
    throw new TwinError(`${path} has ${size} bytes and the manifest says ${expected.bytes}: ${what}. ${again}`);
  }
  if (file.endsWith(".safetensors")) {
    return;
  }
  const found = createHash("sha256")
    .update(attempt("read", path, () => readFileSync(path)))
    .digest("hex");
  if (found !== expected.sha256) {
    throw new TwinError(`${path} is not the file of this build (its SHA-256 differs from the manifest's). ${again}`);
  }
}

function vocabularies(dir: string, manifest: Manifest): (name: string) => Vocabulary {
  const opened = new Map<string, Vocabulary>();
  return (name) => {
    let vocabulary = opened.get(name);
    if (vocabulary === undefined) {
      const entry = manifest.vocabularies.find((one) => one.name === name);
      if (entry === undefined) {
        throw new TwinError(`${join(dir, "manifest.yaml")} has no vocabulary ${name}`);
      }
      vocabulary = readVocabulary(join(dir, entry.file), name, entry.entries);
      opened.set(name, vocabulary);
    }
    return vocabulary;
  };
}
