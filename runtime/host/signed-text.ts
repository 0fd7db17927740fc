// Text files of ours that carry their own checksum in the last line, so that one flipped digit is no other number.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { TwinError } from "../../contract/error.ts";
import { attempt, writeFileAtomic } from "./files.ts";

const line = (bytes: Uint8Array): string => `checksum: sha256:${createHash("sha256").update(bytes).digest("hex")}\n`;
const lineLength = line(new Uint8Array(0)).length;

/** The text with its checksum behind it; it must end with a line's end. */
export const signed = (text: string): string => text + line(Buffer.from(text));

/** Replaces a file by the text and its checksum, as one step. */
export const writeSigned = (path: string, text: string): void => writeFileAtomic(path, signed(text));

export interface SignedText {
  readonly text: string;
  /** False: an earlier version wrote it, which had no checksum. */
  readonly signed: boolean;
}

/**
 * Reads a text without its checksum.
 * @param most bytes
 * @throws TwinError where it is not as it was written
 */
export function readSigned(path: string, most: number, cure: string): SignedText {
  const { size } = attempt("read", path, () => statSync(path));
  if (size > most) {
    throw new TwinError(`cannot read ${path}: it has ${size} bytes, and at most ${most} are expected here`);
  }
  const bytes = attempt("read", path, () => readFileSync(path));
  const end = Math.max(0, bytes.length - lineLength);
  const last = bytes.subarray(end).toString("latin1");
  if (last === line(bytes.subarray(0, end))) {
    return { text: bytes.toString("utf8", 0, end), signed: true };
  }
  // Before checksums files had format 1; a flipped bit that gives one that look loses the rest of its sense.
  if (/^format: 1\r?\n/.test(bytes.toString("latin1", 0, 12)) && !last.includes("checksum")) {
    return { text: bytes.toString("utf8"), signed: false };
  }
  throw new TwinError(`${path} is damaged, or was changed by hand: its text does not have its checksum. ${cure}`);
}
