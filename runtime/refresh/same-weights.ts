// Whether a build has the weights of a run already, and means the same by them.
import { join } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { openTensors } from "../host/tensor-file.ts";
import { contractFingerprint } from "../learn/index.ts";
import type { RunWeights } from "../train/index.ts";

/** @param run the manifest of the run. Two files are read side by side, up to the first difference. */
export function hasWeights(dir: string, manifest: Manifest, run: Manifest, weights: RunWeights): boolean {
  if (contractFingerprint(manifest) !== contractFingerprint(run) || vocabularies(manifest) !== vocabularies(run)) {
    return false;
  }
  const file = openTensors(join(dir, weightsFile));
  try {
    return (
      file.entries.size === weights.tensors.size &&
      [...weights.tensors].every(([name, { shape }]) => file.entries.get(name)?.shape.join() === shape.join()) &&
      [...weights.tensors.keys()].every((name) => sameBytes(file.chunks(name), weights.chunks(name)))
    );
  } finally {
    file.close();
  }
}

const vocabularies = ({ vocabularies: all, files }: Manifest): string =>
  all.map(({ name, file }) => `${name} ${files[file]?.sha256}`).join("\n");

/** Whether two streams hold the same bytes, however they are cut. */
export function sameBytes(one: Iterable<Uint8Array>, other: Iterable<Uint8Array>): boolean {
  const pieces = other[Symbol.iterator]();
  let rest: Uint8Array = new Uint8Array(0);
  for (let left of one) {
    while (left.length > 0) {
      if (rest.length === 0) {
        const next = pieces.next();
        if (next.done === true) {
          return false;
        }
        rest = next.value;
        continue;
      }
      const length = Math.min(left.length, rest.length);
      if (Buffer.compare(left.subarray(0, length), rest.subarray(0, length)) !== 0) {
        return false;
      }
      left = left.subarray(length);
      rest = rest.subarray(length);
    }
  }
  while (rest.length === 0) {
    const next = pieces.next();
    if (next.done === true) {
      return true;
    }
    rest = next.value;
  }
  return false;
}
