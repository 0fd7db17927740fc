// Membership of the candidate's cluster (SIM cluster).
import { integer, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { isVector } from "../model/features.ts";
import { type Kind, none, pooled } from "./kind.ts";

const written = signature("Behaviours in the candidate's k-means cluster (SIM cluster).", {
  feature: unnamed(required(reference(wanted.itemVector), "The vector that is clustered.")),
  groups: required(integer(2, 100_000_000), "How many clusters."),
});

const unbuilt = "`by: cluster` (SIM cluster)";

export const cluster: Kind<"cluster"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { feature: given, groups } = reader.arguments(written);
      const feature = reader.itemFeature(given, isVector, "is no vector");
      return feature && groups && { kind: "cluster", feature, groups: groups.value };
    },
  },
  system: "SIM cluster",
  spec: null,
  text: ({ feature, groups }) => `cluster(${feature.qualified}, groups: ${groups})`,
  shape: pooled,
  parameters: none,
  search: { unbuilt },
  attend: { unbuilt },
  kernel: { search: "it is not built", attend: "it is not built" },
};
