// The container of tables, key indexes and item stores: a 4096-byte header, the payload, one checksum for each MiB.
import { blocksOf } from "./block-hashes.ts";
import type { Hasher } from "./hash.ts";

/** Bytes of the header; the payload starts here. */
export const headerBytes = 4096;
export const magic = "TWINBLK1";

export type BlockKind = "table" | "index" | "items" | "pack";

/** What a header says beyond its kind's own fields. */
export interface BlockHeader {
  readonly kind: BlockKind;
  readonly format: number;
  /** Bytes of the payload. */
  readonly payload: number;
  readonly block: number;
  readonly [field: string]: unknown;
}

/** Bytes of all checksums of a payload. */
export function checksumBytes(payload: number): number {
  return 8 * blocksOf(payload);
}

/** The header's bytes, or null where its JSON does not fit. */
export function encodeHeader(header: BlockHeader, hasher: Hasher): Uint8Array | null {
  const json = new TextEncoder().encode(JSON.stringify(header));
  if (json.length > headerBytes - 20) {
    return null;
  }
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(8, json.length, true);
  bytes.set(json, 12);
  view.setBigUint64(headerBytes - 8, hasher.bytes(bytes.subarray(0, headerBytes - 8)), true);
  return bytes;
}

/** The header, or in words what is wrong with it. */
export function decodeHeader(bytes: Uint8Array, hasher: Hasher): BlockHeader | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (new TextDecoder("latin1").decode(bytes.subarray(0, 8)) !== magic) {
    return "it does not begin as one";
  }
  if (bytes.length < headerBytes) {
    return `its header is cut short: it has ${bytes.length} bytes`;
  }
  if (view.getBigUint64(headerBytes - 8, true) !== hasher.bytes(bytes.subarray(0, headerBytes - 8))) {
    return "the checksum of its header is wrong";
  }
  const length = view.getUint32(8, true);
  if (length > headerBytes - 20) {
    return `its header claims ${length} bytes of text`;
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(12, 12 + length)));
  } catch {
    return "its header is no JSON text";
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    return "its header is no JSON object";
  }
  return header as BlockHeader;
}
