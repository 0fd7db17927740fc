// A pack: one checked file with the rows, item features and embedding rows of some items, cut from a generation of a build.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import { BlockWriter } from "../bytes/block-writer.ts";
import { MemorySink } from "../bytes/byte-sink.ts";
import { memorySource } from "../bytes/byte-source.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { readTensors } from "../bytes/tensor-file.ts";
import { type GenerationFile, parseGeneration } from "./generation-description.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"));

const DirectorySchema = strict({
  model: v.string(),
  /** Fingerprint of the weights whose embedding rows it holds. */
  weights: hex,
  /** Embeddings of which it holds rows. */
  embeddings: v.array(v.string()),
  /** Its parts by name, one behind the other, each from a multiple of 8 on. */
  parts: named(strict({ from: natural, bytes: natural })),
});

type Directory = v.InferOutput<typeof DirectorySchema>;

export interface Pack extends Omit<Directory, "parts"> {
  readonly description: GenerationFile;
  /** The generation's files, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** `rows/PARAMETER`: int32, ascending; `values/PARAMETER`: float32 [rows, dim]. Null where it holds none. */
  readonly rows: TensorFile | null;
}

export const descriptionPart = "generation.json";
export const rowsPart = "embeddings.safetensors";

/** The bytes of a pack. @param parts by name: the generation's files, its description, the embedding rows */
export async function packBytes(
  directory: Omit<Directory, "parts">,
  parts: ReadonlyMap<string, Uint8Array>,
): Promise<Uint8Array> {
  const sink = new MemorySink("the pack");
  const writer = await BlockWriter.create(sink, "pack");
  const places = new Map<string, { from: number; bytes: number }>();
  for (const [name, bytes] of parts) {
    await writer.write(new Uint8Array((8 - (writer.bytes % 8)) % 8));
    places.set(name, { from: writer.bytes, bytes: bytes.length });
    await writer.write(bytes);
  }
  // Behind the parts: a header has no room for hundreds of names.
  const text = new TextEncoder().encode(JSON.stringify({ ...directory, parts: Object.fromEntries<object>(places) }));
  await writer.write(text);
  await writer.finish({ directory: text.length });
  return sink.bytes;
}

/** @param place for errors @throws TwinError where it is foreign, truncated, damaged, or lies about itself */
export async function readPack(bytes: Uint8Array, place: string): Promise<Pack> {
  const reader = await BlockReader.over(memorySource(place, bytes), "pack");
  const fail = (what: string): never => {
    throw new TwinError(`${place} is not a pack that this version of Twin reads: ${what}. Cut it anew: twin pack`);
  };
  const length = reader.header.directory;
  if (typeof length !== "number" || !(Number.isSafeInteger(length) && length > 0 && length <= reader.payload)) {
    return fail("its header lacks a proper directory");
  }
  const payload = new Uint8Array(reader.readAll());
  const end = payload.length - length;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(payload.subarray(end)));
  } catch {
    return fail("its directory is no JSON text");
  }
  const read = v.safeParse(DirectorySchema, json);
  if (!read.success) {
    return fail(`its directory lacks proper ${v.getDotPath(read.issues[0]) ?? "fields"}`);
  }
  const { parts, ...directory } = read.output;
  const files = new Map<string, Uint8Array>();
  for (const [name, { from, bytes: size }] of Object.entries(parts)) {
    if (from + size > end || from % 8 !== 0) {
      return fail(`its part ${name} lies outside it`);
    }
    files.set(name, payload.subarray(from, from + size));
  }
  const described = files.get(descriptionPart) ?? fail(`it has no ${descriptionPart}`);
  const description = parseGeneration(new TextDecoder().decode(described), `${place}: ${descriptionPart}`);
  const tensors = files.get(rowsPart);
  if (tensors === undefined && directory.embeddings.length > 0) {
    return fail(`it has no ${rowsPart}`);
  }
  const rows = tensors === undefined ? null : readTensors(memorySource(`${place}: ${rowsPart}`, tensors));
  return { ...directory, description, files, rows };
}
