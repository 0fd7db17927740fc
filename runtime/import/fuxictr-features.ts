// FuxiCTR's feature_map.json: the features in order, and where each one's table keeps padding and unknown values.

import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { named } from "../../contract/named-schema.ts";
import { readText } from "../host/files.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What is read of a feature; FuxiCTR writes more. */
const FeatureSchema = v.object({
  type: v.string(),
  source: v.optional(v.string(), ""),
  vocab_size: v.optional(natural),
  padding_idx: v.optional(natural),
  oov_idx: v.optional(natural),
  share_embedding: v.optional(v.string()),
});

const MapSchema = v.object({ features: v.array(named(FeatureSchema)) });

export type FuxiFeature = v.InferOutput<typeof FeatureSchema>;

/** Features by name, in FuxiCTR's order, which is that of its concatenations. */
export function readFeatureMap(path: string): ReadonlyMap<string, FuxiFeature> {
  const fail = (why: string): never => {
    throw new TwinError(
      `${path} is no feature_map.json of FuxiCTR: ${why}. Take the one beside the data that the weights were trained on`,
    );
  };
  let json: unknown;
  try {
    json = JSON.parse(readText(path, 1 << 28));
  } catch (error) {
    if (error instanceof TwinError) {
      throw error;
    }
    fail("it is no JSON text");
  }
  const result = v.safeParse(MapSchema, json);
  if (!result.success) {
    const [issue] = result.issues;
    return fail(`${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return new Map(result.output.features.flatMap((one) => Object.entries(one)));
}
