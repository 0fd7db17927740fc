// Opens a file of weights by what it is, not by its name: safetensors, a NumPy archive, or a PyTorch state dictionary.
import { closeSync, openSync } from "node:fs";
import { attempt, readFully } from "../host/files.ts";
import type { ForeignWeights } from "./foreign-weights.ts";
import { openNpz } from "./npz.ts";
import { openSafetensors } from "./safetensors.ts";
import { openTorch } from "./torch.ts";

/** @throws TwinError where it is none of the three, or damaged, or a pickle that asks for more than tensors */
export async function openForeign(path: string): Promise<ForeignWeights> {
  const head = new Uint8Array(64);
  const file = attempt("read", path, () => openSync(path, "r"));
  try {
    attempt("read", path, () => readFully(file, head, 0));
  } finally {
    closeSync(file);
  }
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  if (isZip) {
    return /^.{30}[^\0]*\.npy/s.test(new TextDecoder("latin1").decode(head)) || path.endsWith(".npz")
      ? openNpz(path)
      : openTorch(path);
  }
  // A safetensors file begins with a length below 100 MB, whose upper bytes are zero; a pickle with PROTO.
  return head[0] === 0x80 && head[7] !== 0 ? openTorch(path) : openSafetensors(path);
}
