// delta.json: items that were put in or taken out after a generation was built, and of which weights their rows are.
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { parseChecked } from "../../contract/checked-text.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { named, strict } from "../../contract/named-schema.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]+$/));
/** A file of the delta's own folder. */
const file = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "a plain file name"));

export const DeltaSchema = strict({
  format: v.literal(1),
  model: v.string(),
  /** ISO 8601, UTC. */
  made_at: v.pipe(v.string(), v.isoTimestamp()),
  /** Training step of the weights, where they say one. */
  step: v.nullable(natural),
  /** Items put in, and keys of items taken out. */
  items: natural,
  removed: natural,
  key: strict({ feature: v.string(), type: v.picklist(["int64", "string"]) }),
  /** As a generation has them: only one of the same is extended. */
  fingerprints: strict({ producer: named(hex), metric: named(hex), encoders: hex }),
  tables: named(strict({ file })),
  index: file,
  store: file,
  /** Key index of what was taken out. */
  gone: file,
  /** By file: SHA-256 of its header and its blocks' checksums. */
  files: named(hex),
  checksum: v.string(),
});

export type DeltaFile = Omit<v.InferOutput<typeof DeltaSchema>, "format" | "checksum">;

export const deltaText = (delta: DeltaFile): string => checkedJson({ format: 1, ...delta });

/** What helps where a delta cannot be read. */
export const deltaCure = (folder: string): string =>
  `Remove ${folder}, put its items in again (twin table upsert DIR --items new.parquet), or build the tables again`;

/** @param path for errors @throws TwinError where it is damaged, or of another version */
export function parseDelta(text: string, path: string, folder: string): DeltaFile {
  const { format: _, checksum: __, ...delta } = parseChecked(DeltaSchema, text, path, deltaCure(folder));
  return delta;
}

/** What a delta's rows are of: a generation of the same is extended by it. */
export interface MadeOf {
  readonly key: { readonly type: string };
  readonly fingerprints: DeltaFile["fingerprints"];
}

const sameNamed = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, one]) => Object.hasOwn(b, name) && b[name] === one);

/** What a build's own rows are of. @param type of the items' keys */
export function madeBy(manifest: Manifest, type: string): MadeOf {
  const { producer, metric } = manifest.fingerprints;
  return { key: { type }, fingerprints: { producer, metric, encoders: encodersFingerprint(manifest) } };
}

/** Whether both were encoded alike: records of one are records of the other. */
export const encodedAlike = (a: MadeOf, b: MadeOf): boolean =>
  a.key.type === b.key.type && a.fingerprints.encoders === b.fingerprints.encoders;

/** Whether both were also projected alike: rows of one are rows of the other. */
export const madeAlike = (a: MadeOf, b: MadeOf): boolean =>
  encodedAlike(a, b) &&
  sameNamed(a.fingerprints.producer, b.fingerprints.producer) &&
  sameNamed(a.fingerprints.metric, b.fingerprints.metric);
