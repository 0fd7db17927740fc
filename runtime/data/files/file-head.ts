// The first bytes and lines of a file, read without the database: they tell how it is written.
import { closeSync, fstatSync, openSync } from "node:fs";
import { constants, gunzipSync } from "node:zlib";
import { attempt, readFully } from "../../host/files.ts";

/** Bytes that are looked at. */
const looked = 256 * 1024;

export interface FileHead {
  /** As they lie in the file. */
  readonly raw: Uint8Array;
  /** Decompressed; null where that cannot be done here. */
  readonly bytes: Uint8Array | null;
  /** Whether these are all. */
  readonly whole: boolean;
}

/** The first bytes of a file, `most` at most. */
export function firstBytes(file: string, most: number, from = 0): Uint8Array {
  return attempt("read", file, () => {
    const opened = openSync(file, "r");
    try {
      const stat = fstatSync(opened);
      const bytes = new Uint8Array(stat.isFile() ? Math.min(most, Math.max(0, stat.size - from)) : most);
      return bytes.subarray(0, readFully(opened, bytes, from));
    } finally {
      closeSync(opened);
    }
  });
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
export const isZstd = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;

export function headOf(file: string): FileHead {
  const read = firstBytes(file, looked + 1);
  const short = read.length <= looked;
  const raw = short ? read : read.subarray(0, looked);
  if (isZstd(raw)) {
    return { raw, bytes: null, whole: false };
  }
  if (!isGzip(raw)) {
    return { raw, bytes: raw, whole: short };
  }
  try {
    const all = gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1024 * looked });
    return all.length <= looked && short
      ? { raw, bytes: all, whole: true }
      : { raw, bytes: all.subarray(0, looked), whole: false };
  } catch {
    return { raw, bytes: null, whole: false };
  }
}

/** The first lines of a text, without the last where it may go on; null where there is not one whole line. */
export function linesOf(text: string, whole: boolean, most: number): string[] | null {
  const lines = text.split(/\r\n|\n|\r/, most + 1);
  if (lines.length > most) {
    return lines.slice(0, most);
  }
  if (!whole) {
    lines.pop();
    return lines.length === 0 ? null : lines;
  }
  if (lines.at(-1) === "") {
    lines.pop();
  }
  return lines;
}
