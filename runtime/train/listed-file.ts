// A file as a run's folder lists it: its length and its SHA-256.

import { createHash } from "node:crypto";
import * as v from "valibot";
import { strict } from "../../contract/named-schema.ts";

export const RunFileSchema = strict({
  /** Relative, with `/`. */
  path: v.string(),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits")),
});

export type ListedFile = v.InferOutput<typeof RunFileSchema>;

export const listed = (path: string, content: Uint8Array): ListedFile => ({
  path,
  bytes: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
});
