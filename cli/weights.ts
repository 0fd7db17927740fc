// Weights files as the compiler takes them, and Node's SHA-256 for it.
import { createHash } from "node:crypto";
import type { Digest, SearchWeights, WeightSource } from "../compiler/index.ts";
import { hasher } from "../contract/hash.ts";
import type { TensorFile } from "../runtime/bytes/tensor-file.ts";
import { expectSound } from "../runtime/host/sound-tensors.ts";
import { openTensors } from "../runtime/host/tensor-file.ts";
import { openEarlierRun } from "../runtime/train/index.ts";

export const digest: Digest = () => {
  const hash = createHash("sha256");
  return { update: (data) => void hash.update(data), hex: () => hash.digest("hex") };
};

export interface OpenWeights extends WeightSource {
  close(): void;
}

/** A safetensors file as a source of weights. Its step is in its metadata, where a training run wrote it. */
export const weightSource = (path: string): OpenWeights => sourceOf(openTensors(path));

/**
 * The same, read whole once and checked.
 * @throws TwinError where the file is damaged
 */
export async function soundWeights(path: string): Promise<OpenWeights> {
  const file = openTensors(path);
  try {
    expectSound(file, await hasher(), "Restore it from a copy, or train it again");
    return sourceOf(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

export interface OpenSearchWeights extends SearchWeights {
  readonly weights: OpenWeights;
}

/**
 * Weights for searches alone, of a run or a build with all that they mean.
 * @throws TwinError where the folder is neither, has no weights yet, or is damaged
 */
export async function searchWeightsOf(dir: string): Promise<OpenSearchWeights> {
  const { manifest, weights, vocabularies } = await openEarlierRun(dir, "--search-weights");
  return { manifest, vocabularies, weights: sourceOf(weights), untrained: weights.metadata.untrained === "true" };
}

function sourceOf(file: TensorFile): OpenWeights {
  const step = Number(file.metadata.step);
  return {
    path: file.path,
    tensors: new Map([...file.entries].map(([name, { shape }]) => [name, { shape }])),
    step: file.metadata.step !== undefined && Number.isSafeInteger(step) ? step : null,
    read: (name) => file.read(name),
    *chunks(name) {
      if (file.entries.get(name)?.dtype === "F32") {
        yield* file.chunks(name);
        return;
      }
      const values = file.read(name);
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
    close: () => file.close(),
  };
}
