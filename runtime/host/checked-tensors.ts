// Safetensors files that carry their own checksum: written with it, and checked before what they hold is believed.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Hasher, HashStream } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { layoutTensors } from "../../contract/safetensors.ts";
import { AtomicFile } from "./files.ts";
import { readManifest } from "./manifest-file.ts";
import type { TensorFile } from "./tensor-file.ts";

/**
 * The metadata's field: xxHash64 (seed 0) of the whole file, header included, in which the checksum's own 16 digits stand
 * as zeros.
 */
const field = "checksum";
const textOf = (digest: bigint): string => `xxh64:${digest.toString(16).padStart(16, "0")}`;
const unset = textOf(0n);

/** Writes float32 tensors one after the other; the file appears under its name by `commit()`, with its checksum. */
export class TensorWriter {
  readonly #file: AtomicFile;
  readonly #hash: HashStream;
  readonly #header: (checksum: string) => Uint8Array;

  private constructor(file: AtomicFile, hash: HashStream, header: (checksum: string) => Uint8Array) {
    this.#file = file;
    this.#hash = hash;
    this.#header = header;
  }

  /** @throws TwinError where a name comes twice, or the file cannot be made */
  static create(
    path: string,
    tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
    metadata: Readonly<Record<string, string>>,
    hasher: Hasher,
  ): TensorWriter {
    const placed = tensors.map(({ name, shape }) => ({ name, shape, dtype: "F32" as const }));
    const header = (checksum: string) => layoutTensors(placed, { ...metadata, [field]: checksum }).header;
    const first = header(unset);
    const writer = new TensorWriter(AtomicFile.create(path), hasher.stream(), header);
    writer.write(first);
    return writer;
  }

  /** Appends bytes of the tensors, in their order. A failure removes the temporary file. */
  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#file.write(bytes);
  }

  /** Makes the file durable and gives it its name. */
  commit(): void {
    this.#file.overwrite(this.#header(textOf(this.#hash.digest())), 0);
    this.#file.commit();
  }

  /** Leaves nothing behind. Harmless after `commit()`. */
  abort(): void {
    this.#file.abort();
  }
}

/**
 * Reads the whole file once and compares it with its checksum; that of a build, with the SHA-256 in the manifest beside
 * it. A file that has neither, such as another system's, cannot be checked and passes.
 * @param cure the way out, as a sentence without its end
 * @throws TwinError naming the file where its bytes are not those that were written
 */
export function expectSound(file: TensorFile, hasher: Hasher, cure?: string): void {
  const wayOut = cure === undefined ? "" : `. ${cure}`;
  const stored = file.metadata[field];
  if (stored !== undefined) {
    if (checksumOf(file, stored, hasher) === stored) {
      return;
    }
    throw new TwinError(
      `${file.path} is damaged: its checksum does not fit its bytes (or another program has changed it, and left \`${field}\` in its metadata)${wayOut}`,
    );
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

function checksumOf(file: TensorFile, stored: string, hasher: Hasher): string {
  const hash = hasher.stream();
  let isHeader = true;
  for (const piece of file.whole()) {
    hash.update(isHeader ? withoutChecksum(piece, stored) : piece);
    isHeader = false;
  }
  return textOf(hash.digest());
}

function withoutChecksum(header: Uint8Array, stored: string): Uint8Array {
  const copy = Buffer.from(header);
  const at = copy.indexOf(JSON.stringify(stored));
  if (at >= 0 && stored.length === unset.length) {
    copy.write(unset, at + 1, "latin1");
  }
  return copy;
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
