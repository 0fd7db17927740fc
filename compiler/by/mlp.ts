// A small network on candidate and behaviour gives the weight (DIN).
import { integers, maxWidth, required, signature } from "../catalog/signature.ts";
import { linear, stack } from "../model/parameter.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import { type Kind, pooled } from "./kind.ts";

const written = signature("A small network on candidate and behaviour (DIN).", {
  hidden: required(integers(1, maxWidth), "Widths of its hidden layers."),
});

export const mlp: Kind<"mlp"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { hidden } = reader.arguments(written);
      return hidden && { kind: "mlp", hidden: hidden.value };
    },
  },
  system: null,
  spec: null,
  text: ({ hidden }) => `mlp(hidden: [${hidden.join(", ")}])`,
  shape: pooled,
  /** [q; s; q − s; q ∗ s] and the cross features, down to one score. */
  parameters: (model, attend, { hidden }) => {
    const { inherent, cross } = valueFeatures(model, attend);
    const layers = stack(`${attend.name}.hidden`, 4 * widthOf(inherent) + widthOf(cross), hidden);
    return [...layers, ...linear(`${attend.name}.score`, hidden.at(-1) ?? 0, 1)];
  },
  search: null,
  attend: { unbuilt: "`by: mlp` (DIN)" },
  kernel: { search: "it ranks nothing", attend: "it is not built" },
};
