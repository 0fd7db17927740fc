// SHA-256 in pieces: the portable default, and the shape in which a host hands in a faster one.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** One SHA-256 under way. */
export interface Hashing {
  update(data: Uint8Array): void;
  /** Ends it: 64 lower-case hexadecimal digits. */
  hex(): string;
}

/** Starts a SHA-256. Node passes its own (`node:crypto`), which is some ten times faster on gigabytes. */
export type Digest = () => Hashing;

export const portableDigest: Digest = () => {
  const hash = sha256.create();
  return {
    update: (data) => void hash.update(data),
    hex: () => bytesToHex(hash.digest()),
  };
};

/** SHA-256 of one piece; text counts as UTF-8. */
export function digestOf(data: Uint8Array | string): string {
  return bytesToHex(sha256(typeof data === "string" ? utf8ToBytes(data) : data));
}
