// Files of tensors are held against their checksum, or against the manifest beside them, before what they hold is believed.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { expectChecksum } from "../bytes/checked-tensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { readManifest } from "./manifest-file.ts";

/**
 * Reads the whole file once and compares it with its checksum; that of a build, with the SHA-256 in the manifest beside
 * it. A file that has neither, such as another system's, cannot be checked and passes.
 * @param cure the way out, as a sentence without its end
 * @throws TwinError naming the file where its bytes are not those that were written
 */
export function expectSound(file: TensorFile, hasher: Hasher, cure?: string): void {
  const wayOut = cure === undefined ? "" : `. ${cure}`;
  if (expectChecksum(file, hasher, wayOut)) {
    return;
  }
  const listed = manifestBeside(file.path)?.files[basename(file.path)];
  if (listed === undefined) {
    return;
  }
  const hash = createHash("sha256");
  for (const piece of file.whole()) {
    hash.update(piece);
  }
  if (hash.digest("hex") === listed.sha256) {
    return;
  }
  throw new TwinError(
    `${file.path} is damaged, or not the file of its build: its SHA-256 is not the one in the manifest${wayOut}`,
  );
}

/** Null where the folder is no build that this version reads. */
function manifestBeside(path: string): Manifest | null {
  const dir = dirname(path);
  if (!existsSync(join(dir, "manifest.yaml"))) {
    return null;
  }
  try {
    return readManifest(dir);
  } catch {
    return null;
  }
}
