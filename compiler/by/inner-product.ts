// Inner product of one feature's columns: raw vectors, or learned embeddings (SIM soft).
import { reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { embed, encoded } from "../lower/embed.ts";
import type { Scene } from "../lower/scene.ts";
import { isVector } from "../model/features.ts";
import type { Feature, Search } from "../model/model.ts";
import { type Kind, none, pooled } from "./kind.ts";

const written = signature("Inner product of raw vectors (SIM soft).", {
  feature: unnamed(required(reference(wanted.itemVector), "The vector, usually a pretrained one.")),
});

export const innerProduct: Kind<"inner_product"> = {
  call: {
    signature: written,
    read: (reader) => {
      const feature = reader.itemFeature(reader.arguments(written).feature, isVector, "is no vector");
      return feature && { kind: "inner_product", feature };
    },
  },
  system: "SIM soft",
  text: ({ feature }) => `inner_product(${feature.qualified})`,
  spec: ({ feature }) => ({ kind: "inner_product", feature: feature.qualified }),
  shape: pooled,
  parameters: none,
  search: {
    scores: (scene, search, { feature }) => scene.once(`inner ${search.name}`, () => products(scene, search, feature)),
  },
  attend: { unbuilt: "`by: inner_product` in an attend" },
};

/** q · s : [1, R, L] */
function products(scene: Scene, { name, from, doc }: Search, feature: Feature): Value {
  const b = scene.b.at(name, doc);
  const raw = feature.encoder.kind === "pretrained" ? encoded : embed;
  const q = raw(scene, feature, { kind: "candidate" });
  const s = raw(scene, feature, { kind: "history", history: from });
  if (scene.layout === "request") {
    return b.unsqueeze(b.matmul(q, b.transpose(s, [1, 0])), 0);
  }
  return b.unsqueeze(b.squeeze(b.matmul(s, b.unsqueeze(q, -1)), -1), 0);
}
