// Sums over the behaviours whose hashes collide with the candidate's (SDIM).
import { choice, integer, optional, reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import { type Kind, none, pooled } from "./kind.ts";

const written = signature("Sums over behaviours whose hashes collide with the candidate's (SDIM).", {
  of: unnamed(required(reference(wanted.item), "The embeddings that are hashed.")),
  hashes: required(integer(1, 4096), "Hashes altogether."),
  width: required(integer(1, 16), "Hashes of one group, which must all agree."),
  normalize: optional(choice("l2", "none"), "l2", "What is done to every bucket's sum."),
});

export const collision: Kind<"collision"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { of, hashes, width, normalize } = reader.arguments(written);
      if (!reader.wholeItem(of) || !hashes || !width || !normalize) {
        return null;
      }
      if (hashes.value % width.value !== 0) {
        return reader.outOfRange("hashes", `a multiple of \`width\`, which is ${width.value}`, hashes.span);
      }
      return { kind: "collision", hashes: hashes.value, width: width.value, normalize: normalize.value };
    },
  },
  system: null,
  spec: null,
  text: ({ hashes, width, normalize }) =>
    `collision(item, hashes: ${hashes}, width: ${width}, normalize: ${normalize})`,
  shape: pooled,
  parameters: none,
  search: null,
  attend: { unbuilt: "`by: collision` (SDIM)" },
  kernel: { search: "it ranks nothing", attend: "it is not built" },
};
