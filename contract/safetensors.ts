// The safetensors format: headers laid out and read, every lie refused. Pure: no file system.

import { elementCount } from "./element-count.ts";
import { TwinError } from "./error.ts";
import { repeatedKey } from "./json-keys.ts";
import { emptyRecord, recordOf } from "./record.ts";

/** The weights of a build folder, and of a run that came to its end. */
export const weightsFile = "weights.safetensors";

/** Bytes of one element. */
const widths = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type SafeDtype = keyof typeof widths;

export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafeDtype;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, counted from the start of the file. */
  readonly start: number;
  readonly end: number;
}

export interface TensorLayout {
  /** Length field and JSON, padded with spaces to a multiple of 8 bytes. */
  readonly header: Uint8Array;
  readonly entries: Map<string, TensorEntry>;
  /** Bytes of the whole file. */
  readonly bytes: number;
}

export interface TensorHead {
  readonly entries: Map<string, TensorEntry>;
  readonly metadata: Record<string, string>;
  /** Offset of the first tensor. */
  readonly headerBytes: number;
}

export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Int8Array | Uint8Array | Uint16Array;

/** The format's own limit. */
const mostHeader = 100_000_000;

/** Elements of a shape, or null where it is no shape or too large to count exactly. */
function naturals(value: unknown): number[] | null {
  const isNatural = (one: unknown): one is number => typeof one === "number" && Number.isSafeInteger(one) && one >= 0;
  const all: unknown[] = Array.isArray(value) ? value : [null];
  return all.every(isNatural) ? all : null;
}

/** The sizes of a shape, and how many elements that makes. */
function sizedOf(shape: unknown): { readonly sizes: number[]; readonly count: number } | null {
  const sizes = naturals(shape);
  const count = sizes === null ? Number.NaN : elementCount(sizes);
  return sizes === null || !Number.isSafeInteger(count) ? null : { sizes, count };
}

const isDtype = (value: unknown): value is SafeDtype => typeof value === "string" && Object.hasOwn(widths, value);

/**
 * Places tensors one after the other in the given order, as the format demands (no holes).
 * @throws TwinError where a name comes twice or is `__metadata__`, or a shape is none
 */
export function layoutTensors(
  tensors: readonly { readonly name: string; readonly dtype: SafeDtype; readonly shape: readonly number[] }[],
  metadata?: Readonly<Record<string, string>>,
): TensorLayout {
  const seen = new Set<string>();
  const parts: string[] = [];
  if (metadata && Object.keys(metadata).length > 0) {
    parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  }
  const places: { name: string; dtype: SafeDtype; shape: readonly number[]; from: number; to: number }[] = [];
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const sized = sizedOf(shape);
    if (sized === null) {
      throw new TwinError(`tensor \`${name}\` has the shape [${shape.join(", ")}], which cannot be stored`);
    }
    if (seen.has(name) || name === "__metadata__") {
      throw new TwinError(`two tensors are called \`${name}\`: names in a safetensors file are unique`);
    }
    seen.add(name);
    const to = offset + sized.count * widths[dtype];
    places.push({ name, dtype, shape, from: offset, to });
    // Written by hand: JSON.stringify of an object would put integer-like names first.
    parts.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape.join(",")}],"data_offsets":[${offset},${to}]}`,
    );
    offset = to;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  const entries = new Map(
    places.map(({ name, dtype, shape, from, to }) => [
      name,
      { name, dtype, shape, start: header.length + from, end: header.length + to },
    ]),
  );
  return { header, entries, bytes: header.length + offset };
}

/** Bytes of the JSON header that the file's first 8 bytes promise (the tensors start 8 bytes later). */
export function headerLength(first8: Uint8Array): bigint {
  return new DataView(first8.buffer, first8.byteOffset, first8.byteLength).getBigUint64(0, true);
}

/**
 * Reads a header and checks it against the file.
 * @param head the file's first bytes: all of the header at least
 * @param fileBytes length of the whole file
 * @throws TwinError for anything that is not a whole, honest safetensors file
 */
export function parseSafetensors(head: Uint8Array, fileBytes: number, path: string): TensorHead {
  const fail = (what: string): never => {
    throw new TwinError(`${path} is not a sound safetensors file: ${what}. Write it anew or restore it from a copy`);
  };
  if (fileBytes < 8 || head.length < 8) {
    return fail(`it has ${Math.min(fileBytes, head.length)} bytes, fewer than a header`);
  }
  const promised = headerLength(head);
  if (promised > BigInt(mostHeader)) {
    return fail(`its header claims ${promised} bytes, more than the ${mostHeader} allowed`);
  }
  const headerBytes = 8 + Number(promised);
  if (headerBytes > fileBytes || headerBytes > head.length) {
    return fail(`its header claims ${promised} bytes, but the file ends after ${fileBytes}`);
  }
  const { text, value } = parseJson(head.subarray(8, headerBytes), fail);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail("its header is no JSON object");
  }
  const repeated = repeatedKey(text);
  if (repeated !== null) {
    return fail(`its header names \`${repeated}\` twice`);
  }
  const entries = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = emptyRecord();
  for (const [name, entry] of Object.entries(value)) {
    if (name === "__metadata__") {
      metadata = readMetadata(entry, fail);
    } else {
      entries.set(name, readEntry(name, entry, headerBytes, fail));
    }
  }
  checkCover(entries, headerBytes, fileBytes, fail);
  return { entries, metadata, headerBytes };
}

type Fail = (what: string) => never;

function parseJson(bytes: Uint8Array, fail: Fail): { text: string; value: unknown } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return fail("its header is no JSON text");
  }
}

function readMetadata(value: unknown, fail: Fail): Record<string, string> {
  const wrong = (): never => fail("its `__metadata__` does not map names to texts");
  if (typeof value !== "object" || value === null) {
    return wrong();
  }
  return recordOf(
    Object.entries(value).map(([name, text]): [string, string] => [name, typeof text === "string" ? text : wrong()]),
  );
}

function readEntry(name: string, value: unknown, headerBytes: number, fail: Fail): TensorEntry {
  const { dtype, shape, data_offsets }: Readonly<Record<string, unknown>> = { ...Object(value) };
  if (!isDtype(dtype)) {
    return fail(`tensor \`${name}\` has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  const sized = sizedOf(shape);
  if (sized === null) {
    return fail(`tensor \`${name}\` has no proper shape`);
  }
  const offsets = naturals(data_offsets);
  const [from, to] = offsets ?? [];
  if (offsets?.length !== 2 || to < from) {
    return fail(`tensor \`${name}\` has no proper offsets`);
  }
  const { sizes, count } = sized;
  const bytes = count * widths[dtype];
  if (to - from !== bytes) {
    return fail(`tensor \`${name}\` covers ${to - from} bytes, but ${dtype} [${sizes.join(", ")}] needs ${bytes}`);
  }
  return {
    name,
    dtype,
    shape: sizes,
    start: headerBytes + from,
    end: headerBytes + to,
  };
}

/** The tensors must cover the file from the header to its end: no holes, no overlap, nothing beyond. */
function checkCover(entries: Map<string, TensorEntry>, headerBytes: number, fileBytes: number, fail: Fail): void {
  const sorted = [...entries.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  let at = headerBytes;
  for (const { name, start, end } of sorted) {
    if (end > fileBytes) {
      fail(`tensor \`${name}\` ends at byte ${end}, but the file has ${fileBytes}: it is truncated`);
    }
    if (start !== at) {
      fail(start < at ? `tensor \`${name}\` overlaps the one before it` : `there is a hole before tensor \`${name}\``);
    }
    at = end;
  }
  if (at !== fileBytes) {
    fail(`its tensors end at byte ${at}, but the file has ${fileBytes}`);
  }
}

/** The dtype under which an array's elements are stored; `Uint16Array` holds float16 bits. */
export function dtypeOf(data: TensorData): SafeDtype {
  if (data instanceof Float32Array) {
    return "F32";
  }
  if (data instanceof Float64Array) {
    return "F64";
  }
  if (data instanceof Int32Array) {
    return "I32";
  }
  if (data instanceof Uint32Array) {
    return "U32";
  }
  if (data instanceof Int8Array) {
    return "I8";
  }
  if (data instanceof Uint16Array) {
    return "F16";
  }
  return "U8";
}

/**
 * A whole file in memory, for small ones (large ones: `layoutTensors` and write piece by piece).
 * @throws TwinError where data and shape disagree
 */
export function encodeSafetensors(
  tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly data: TensorData }[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const layout = layoutTensors(
    tensors.map(({ name, shape, data }) => ({ name, shape, dtype: dtypeOf(data) })),
    metadata,
  );
  const file = new Uint8Array(layout.bytes);
  file.set(layout.header);
  for (const { name, shape, data } of tensors) {
    const place = layout.entries.get(name);
    if (place === undefined || data.byteLength !== place.end - place.start) {
      throw new TwinError(`tensor \`${name}\` has ${data.length} values, which is not the shape [${shape.join(", ")}]`);
    }
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place.start);
  }
  return file;
}
