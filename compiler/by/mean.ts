// The mean of a history's columns: attention that weighs all alike.
import { signature } from "../catalog/signature.ts";
import { behaviours } from "../lower/behaviours.ts";
import { type Kind, none, pooled } from "./kind.ts";

const written = signature("The mean of all behaviours.", {});

export const mean: Kind<"mean"> = {
  call: {
    signature: written,
    read: (reader) => {
      reader.arguments(written);
      return { kind: "mean" };
    },
  },
  system: null,
  text: () => "mean",
  spec: () => ({ kind: "mean" }),
  shape: pooled,
  parameters: none,
  search: null,
  attend: {
    /** The mean of K = [K_h, K_c] over the behaviours that count: [R, H + C]; zeros where there is none. */
    lower: (scene, attend, _, { frame, mask }) => {
      const b = scene.b.at(attend.name, attend.doc);
      const rows = behaviours(scene, attend, frame);
      const every = b.unsqueeze(mask([]), -1);
      const lists = rows.shape.length > 3;
      // A list for every head: the mean over all of them.
      const axes = lists ? [0, 2] : [-2];
      const alone = rows.shape.length === 2;
      const sum = b.sum(b.mul(rows, every), axes, alone);
      const result = b.div(sum, b.maximum(b.sum(every, axes, alone), b.scalar(1)));
      return { result, strength: null, pooled: null, shown: null };
    },
  },
  kernel: { search: "it ranks nothing", attend: "it weighs all alike" },
};
