// Inner product of one feature's columns: raw vectors, or learned embeddings (SIM soft).
import { reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { embed, encoded } from "../lower/embed.ts";
import { whole } from "../lower/frame.ts";
import { normalised } from "../lower/mask.ts";
import { pairProducts } from "../lower/pairs.ts";
import type { Scene } from "../lower/scene.ts";
import { isVector } from "../model/features.ts";
import type { Feature, Search } from "../model/model.ts";
import type { Site } from "../model/site.ts";
import { type Kind, none, pooled } from "./kind.ts";
import { pooledBy } from "./pool.ts";
import { vectorProduct } from "./vector-kernel.ts";

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
  attend: {
    /** Σ softmax(q · s)_i K_i with K = [K_h, K_c] over the behaviours that count: [R, H + C]; zeros where there is none. */
    lower: (scene, attend, { feature }, { frame, mask }) => {
      const scope = `${attend.name}/weights`;
      const b = scene.b.at(scope, attend.doc);
      const q = columns(scene, feature, { kind: "candidate" });
      const s = frame.rows(columns(scene, feature, frame.site));
      const scores = pairProducts(b, frame, q, s);
      return pooledBy(scene, attend, frame, { weights: normalised(scene, scope, scores, mask([])), scores });
    },
  },
  kernel: {
    search: (search, { feature }) =>
      vectorProduct(search, {
        width: feature.encoder.kind === "pretrained" ? feature.encoder.size : feature.width,
        held: null,
        query: (scene) => columns(scene, feature, { kind: "candidate" }),
        keys: (scene) => columns(scene, feature, { kind: "history", history: search.from }),
        bias: null,
      }),
    attend: "its values are all that is known of a behaviour, which the kernel does not lay out",
  },
};

/** The vectors as they are compared: those of a pretrained feature raw. */
const columns = (scene: Scene, feature: Feature, site: Site): Value =>
  (feature.encoder.kind === "pretrained" ? encoded : embed)(scene, feature, site);

/** q · s : [1, R, L] */
function products(scene: Scene, { name, from, doc }: Search, feature: Feature): Value {
  const b = scene.b.at(name, doc);
  const q = columns(scene, feature, { kind: "candidate" });
  const s = columns(scene, feature, { kind: "history", history: from });
  return b.unsqueeze(pairProducts(b, whole(scene, from), q, s), 0);
}
