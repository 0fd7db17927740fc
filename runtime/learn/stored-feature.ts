// How a feature's encoded values are stored for training.
import { isPassed } from "../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodedWidth, fillOf, isFloat } from "../encode/column.ts";

export function storedFeature(feature: FeatureSpec) {
  const { encoder } = feature;
  return {
    name: feature.name,
    type: isFloat(feature) ? ("float32" as const) : ("int32" as const),
    width: encodedWidth(feature),
    /** What a missing value is. */
    fill: fillOf(feature),
    /** Of elapsed time, of places and of gaps: no value is stored, the batch computes it. */
    edges: isPassed(encoder) || encoder.kind === "place" ? [...encoder.edges] : null,
    ...(encoder.kind === "place" && { place: true as const }),
    ...(encoder.kind === "gap" && { gap: { on: encoder.on ?? null } }),
  };
}
