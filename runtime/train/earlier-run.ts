// What a warm start reads of an earlier run, or of a build: its weights, and how its values became rows.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { readManifestAt } from "../host/manifest-file.ts";
import { expectSound } from "../host/sound-tensors.ts";
import { openTensors } from "../host/tensor-file.ts";
import { expectListed, manifestPath, runManifestFile } from "./run-files.ts";
import { readVocabularies } from "./vocabularies.ts";
import type { Encoding } from "./warm-start.ts";

export interface EarlierRun extends Encoding {
  readonly manifest: Manifest;
  readonly weights: TensorFile;
}

/**
 * Its weights are read whole once, and checked.
 * @throws TwinError where the folder is neither a run with weights nor a build, and where its weights are damaged
 * @param option by which it was named, for messages
 */
export async function openEarlierRun(dir: string, option = "--from"): Promise<EarlierRun> {
  const path = manifestPath(dir);
  if (path === null) {
    throw new TwinError(`${dir} is neither a training run nor a build: ${option} takes the folder of one`);
  }
  const weights = join(dir, weightsFile);
  if (!existsSync(weights)) {
    throw new TwinError(
      `${dir} has no ${weightsFile} yet: its run has not come to its end. Go on with it by --resume, or start from another`,
    );
  }
  expectListed(dir, (file) => file === runManifestFile);
  const manifest = readManifestAt(path).manifest;
  const file = openTensors(weights);
  try {
    expectSound(file, await hasher(), `Name another run or build, or go on without ${option}`);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    manifest,
    features: manifest.features,
    embeddings: manifest.embeddings,
    vocabularies: readVocabularies(join(dir, "vocabularies")),
    weights: file,
  };
}
