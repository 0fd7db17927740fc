// Membership of the candidate's cluster: a behaviour counts when its item is in it (SIM cluster).
import { integer, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { clusterFeature } from "../model/clusters.ts";
import { agreeing } from "./agreement.ts";
import { type Kind, none, type Of, pooled } from "./kind.ts";

const written = signature("Behaviours in the candidate's k-means cluster (SIM cluster).", {
  feature: unnamed(required(reference(wanted.itemVector), "The vector that is clustered, of kind `pretrained`.")),
  groups: required(
    integer(2, 1_000_000),
    "How many clusters: their centroids are learned on the training part's items and then frozen.",
  ),
});

const implied = ({ feature, groups }: Of<"cluster">) => clusterFeature(feature, groups);

export const cluster: Kind<"cluster"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { feature: given, groups } = reader.arguments(written);
      const feature = reader.itemFeature(
        given,
        ({ encoder }) => encoder.kind === "pretrained",
        "is no vector that comes with the data",
      );
      return feature && groups && { kind: "cluster", feature, groups: groups.value };
    },
  },
  system: "SIM cluster",
  text: ({ feature, groups }) => `cluster(${feature.qualified}, groups: ${groups})`,
  spec: (by) => ({ kind: "cluster", feature: implied(by).qualified }),
  implied,
  shape: pooled,
  parameters: none,
  ...agreeing<"cluster">("cluster", implied),
  kernel: {
    search: "it ranks nothing: of all in the candidate's cluster the newest are kept",
    attend: "it weighs all in the candidate's cluster alike",
  },
};
