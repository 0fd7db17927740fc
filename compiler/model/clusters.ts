// Clusters of items as features of theirs: which cluster an item's vector is in, as the host encodes it.
import type { Feature } from "./model.ts";

/**
 * The feature `item.cover.cluster_1000` that holds 1 + the cluster of `item.cover`, 0 where the vector is missing. No file
 * declares it; it brings no column.
 * @param feature of kind `pretrained`
 */
export function clusterFeature(feature: Feature, groups: number): Feature {
  const { name, qualified, formerly, encoder } = feature;
  if (encoder.kind !== "pretrained") {
    throw new Error(`${qualified} is of kind ${encoder.kind}, and only vectors that come with the data are clustered`);
  }
  const named = (stem: string) => `${stem}.cluster_${groups}`;
  return {
    ...feature,
    name: named(name),
    qualified: named(qualified),
    doc: "",
    formerly: formerly && named(formerly),
    encoder: { kind: "centroid", of: qualified, groups, size: encoder.size },
    embedding: null,
    projection: null,
    width: 0,
    unknown: 0,
  };
}
