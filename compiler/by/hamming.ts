// Hamming distance of codes that random projections make (ETA).
import { integer, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { type Kind, none, pooled } from "./kind.ts";

const written = signature("Hamming distance of random-projection bits (ETA).", {
  of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
  bits: required(integer(1, 4096), "Bits of a code."),
});

const unbuilt = "`by: hamming` (ETA)";

export const hamming: Kind<"hamming"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { of, bits } = reader.arguments(written);
      return reader.wholeItem(of) && bits ? { kind: "hamming", bits: bits.value } : null;
    },
  },
  system: "ETA",
  spec: null,
  text: ({ bits }) => `hamming(item, bits: ${bits})`,
  shape: pooled,
  parameters: none,
  search: { unbuilt },
  attend: { unbuilt },
  kernel: { search: "it is not built", attend: "it is not built" },
};
