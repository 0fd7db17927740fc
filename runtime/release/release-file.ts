// releases/N/release.json: what a release is of.
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { parseChecked } from "../../contract/checked-text.ts";
import { named, strict } from "../../contract/named-schema.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]+$/));

export const ReleaseSchema = strict({
  format: v.literal(1),
  number: v.pipe(natural, v.minValue(1)),
  model: v.string(),
  /** ISO 8601, UTC. */
  made_at: v.pipe(v.string(), v.isoTimestamp()),
  /** Training step of the weights, where they say one. */
  step: v.nullable(natural),
  fingerprints: strict({
    weights: hex,
    /** By table: hash of all that the projector reads. */
    producer: named(hex),
  }),
  /** Number of the generation of tables that lies in it; null: none does. */
  generation: v.nullable(natural),
  /** The generation in a Redis that it may read by, and where; null: none was published. */
  published: v.nullable(strict({ address: v.string(), generation: natural })),
  checksum: v.string(),
});

export type ReleaseFile = Omit<v.InferOutput<typeof ReleaseSchema>, "format" | "checksum">;

export const releaseText = (release: ReleaseFile): string => checkedJson({ format: 1, ...release });

/** @param path for errors @throws TwinError where it is damaged, or of another version */
export function parseRelease(text: string, path: string): ReleaseFile {
  const {
    format: _,
    checksum: __,
    ...release
  } = parseChecked(ReleaseSchema, text, path, "Release what there is anew: twin release DIR");
  return release;
}
