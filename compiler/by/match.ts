// Agreement in one feature: a behaviour counts when its item has the candidate's value (SIM hard).
import { isCategory } from "../catalog/categories.ts";
import { reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { matching } from "../lower/match.ts";
import { type Kind, none, pooled } from "./kind.ts";
import { pooledBy } from "./pool.ts";

const written = signature("Behaviours whose item agrees with the candidate in one feature (SIM hard).", {
  feature: unnamed(required(reference(wanted.itemCategory), "The feature that must agree; of tags, any in common.")),
});

export const match: Kind<"match"> = {
  call: {
    signature: written,
    read: (reader) => {
      const feature = reader.itemFeature(reader.arguments(written).feature, isCategory, "is not a category");
      return feature && { kind: "match", feature };
    },
  },
  system: "SIM hard",
  text: ({ feature }) => `match(${feature.qualified})`,
  spec: ({ feature }) => ({ kind: "match", feature: feature.qualified }),
  shape: pooled,
  parameters: none,
  search: {
    fits: (scene, search, { feature }, frame) => matching(scene, feature, frame, `${search.name}/match`),
  },
  attend: {
    /** The mean of K = [K_h, K_c] over the behaviours that count and agree: [R, H + C]; zeros where there is none. */
    lower: (scene, attend, { feature }, { frame, mask }) => {
      const scope = `${attend.name}/match`;
      const b = scene.b.at(scope, feature.doc);
      const agrees = matching(scene, feature, frame, scope);
      const counted = b.mul(agrees, mask([]));
      const all = b.sum(counted, frame.headed ? [0, -1] : [-1], true);
      const weights = b.div(counted, b.maximum(all, b.scalar(1)));
      return pooledBy(scene, attend, frame, { weights, scores: agrees });
    },
  },
  kernel: {
    search: "it ranks nothing: of all that agree the newest are kept",
    attend: "it weighs all that agree alike",
  },
};
