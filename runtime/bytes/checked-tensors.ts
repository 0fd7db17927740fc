// Safetensors that carry their own checksum: written with it, and held against it before what they hold is believed.
import { TwinError } from "../../contract/error.ts";
import type { Hasher, HashStream } from "../../contract/hash.ts";
import { layoutTensors } from "../../contract/safetensors.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { TensorFile } from "./tensor-file.ts";

/**
 * The metadata's field: xxHash64 (seed 0) of the whole file, header included, in which the checksum's own 16 digits stand
 * as zeros.
 */
export const checksumField = "checksum";
const textOf = (digest: bigint): string => `xxh64:${digest.toString(16).padStart(16, "0")}`;
const unset = textOf(0n);

/** Writes float32 tensors one after the other; they appear under their name by `commit()`, with their checksum. */
export class TensorWriter {
  readonly #sink: ByteSink;
  readonly #hash: HashStream;
  readonly #header: (checksum: string) => Uint8Array;
  #end = 0;

  private constructor(sink: ByteSink, hash: HashStream, header: (checksum: string) => Uint8Array) {
    this.#sink = sink;
    this.#hash = hash;
    this.#header = header;
  }

  /** @throws TwinError where a name comes twice, or it cannot be written */
  static async create(
    sink: ByteSink,
    tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
    metadata: Readonly<Record<string, string>>,
    hasher: Hasher,
  ): Promise<TensorWriter> {
    const placed = tensors.map(({ name, shape }) => ({ name, shape, dtype: "F32" as const }));
    const header = (checksum: string) => layoutTensors(placed, { ...metadata, [checksumField]: checksum }).header;
    const first = header(unset);
    const writer = new TensorWriter(sink, hasher.stream(), header);
    await writer.write(first);
    return writer;
  }

  /** Appends bytes of the tensors, in their order. Whoever writes waits for it. A failure leaves nothing behind. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#sink.write(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Makes the file durable and gives it its name. */
  async commit(): Promise<void> {
    await this.#sink.write(this.#header(textOf(this.#hash.digest())), 0);
    await this.#sink.commit();
  }

  /** Leaves nothing behind. Harmless after `commit()`. */
  async abort(): Promise<void> {
    await this.#sink.abort();
  }
}

/** Whether all bytes are those that were written, which are read once; null where they carry no checksum. */
export function fitsChecksum(file: TensorFile, hasher: Hasher): boolean | null {
  const stored = file.metadata[checksumField];
  return stored === undefined ? null : checksumOf(file, stored, hasher) === stored;
}

/**
 * Holds a file against the checksum that it carries.
 * @param wayOut what to do, with the point that comes before it
 * @returns whether it carries one; @throws TwinError naming the file where its bytes are not those that were written
 */
export function expectChecksum(file: TensorFile, hasher: Hasher, wayOut = ""): boolean {
  const fits = fitsChecksum(file, hasher);
  if (fits === false) {
    throw new TwinError(
      `${file.path} is damaged: its checksum does not fit its bytes (or another program has changed it, and left \`${checksumField}\` in its metadata)${wayOut}`,
    );
  }
  return fits !== null;
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
  const copy = header.slice();
  // One character a byte. What is no ASCII is no checksum, and is not found.
  const at = new TextDecoder("latin1").decode(header).indexOf(JSON.stringify(stored));
  if (at >= 0 && stored.length === unset.length) {
    copy.set(new TextEncoder().encode(unset), at + 1);
  }
  return copy;
}
