// The manifest's section `search_weights`: which runs a build has its weights of, where its searches go by another's.
import * as v from "valibot";
import type { Extensions } from "./extensions.ts";
import { strict } from "./named-schema.ts";

const run = {
  /** Training step of the weights, where they say one. */
  step: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))),
  untrained: v.boolean(),
  /** SHA-256 over the parameters taken of it, their names, shapes and values. */
  weights: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits")),
};

export const SearchWeightsSchema = strict({
  /** All but the searches: what the build would have alone. */
  own: strict(run),
  /** The searches' metrics, as the other run has them, and what they are called here. */
  search: strict({
    ...run,
    model: v.string(),
    metrics: v.array(strict({ metric: v.string(), copy: v.string() })),
  }),
});

export type SearchWeightsSection = v.InferOutput<typeof SearchWeightsSchema>;

/** A reader that does not know it loses nothing but the explanation. */
export const searchWeightsSection = (content: SearchWeightsSection): Extensions => ({
  search_weights: { required: false, content },
});
