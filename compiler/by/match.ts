// Agreement in one feature: a behaviour counts when its item has the candidate's value (SIM hard).
import { isCategory } from "../catalog/categories.ts";
import { reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { agreeing } from "./agreement.ts";
import { type Kind, none, pooled } from "./kind.ts";

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
  ...agreeing<"match">("match", ({ feature }) => feature),
  kernel: {
    search: "it ranks nothing: of all that agree the newest are kept",
    attend: "it weighs all that agree alike",
  },
};
