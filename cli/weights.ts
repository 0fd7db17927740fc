// Weights files as the compiler takes them, and Node's SHA-256 for it.
import { createHash } from "node:crypto";
import type { Digest, WeightSource } from "../compiler/index.ts";
import { openTensors } from "../runtime/tensor-file.ts";

export const digest: Digest = () => {
  const hash = createHash("sha256");
  return { update: (data) => void hash.update(data), hex: () => hash.digest("hex") };
};

/** A safetensors file as a source of weights. Its step is in its metadata, where a training run wrote it. */
export function weightSource(path: string): WeightSource & { close(): void } {
  const file = openTensors(path);
  const step = Number(file.metadata.step);
  return {
    path,
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
