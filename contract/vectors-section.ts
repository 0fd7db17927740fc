// The manifest's section `vectors`: which given vectors the weights were trained on, where the data said how these were made.
import * as v from "valibot";
import type { Extensions } from "./extensions.ts";
import { strict } from "./named-schema.ts";

export const VectorsSchema = v.array(
  strict({
    /** Of the item, of kind `pretrained`. */
    feature: v.string(),
    /** SHA-256 over what the vectors were made of: what `twin vectors` says of them, or what another model learned. */
    fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits")),
  }),
);

export type VectorsSection = v.InferOutput<typeof VectorsSchema>;

/** No section where nothing is known. A reader that does not know it compares less. */
export const vectorsSection = (content: VectorsSection): Extensions =>
  content.length === 0 ? {} : { vectors: { required: false, content } };
