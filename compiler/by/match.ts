// Agreement in one feature: a behaviour counts when its item has the candidate's value (SIM hard).
import { together } from "../../contract/encoder-spec.ts";
import { categories } from "../catalog/features.ts";
import { reference, required, signature, unnamed } from "../catalog/signature.ts";
import { wanted } from "../catalog/wanted.ts";
import type { Value } from "../ir/graph.ts";
import { encoded } from "../lower/embed.ts";
import type { Frame } from "../lower/frame.ts";
import type { Scene } from "../lower/scene.ts";
import type { Feature } from "../model/model.ts";
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
  search: {
    fits: (scene, search, { feature }, frame) => matching(scene, feature, frame, `${search.name}/match`),
  },
  attend: { unbuilt: "`by: match` in an attend" },
  kernel: { search: "it ranks nothing: of all that agree the newest are kept", attend: "it is not built" },
};

const isCategory = (feature: Feature): boolean => categories.has(feature.encoder.kind);

/**
 * 1 where candidate and behaviour have a value in common, of tags any, of two hashes both: [R, M], in a `per_head` frame [A, R, M]. Row 0, the
 * unknown, and the tags' filler match nothing.
 */
function matching(scene: Scene, feature: Feature, frame: Frame, scope: string): Value {
  const { encoder } = feature;
  if (encoder.kind === "pretrained" || encoder.kind === "number" || encoder.kind === "key") {
    throw new Error(`${scope}: ${feature.qualified} is of kind ${encoder.kind}, and only rows can match`);
  }
  const b = scene.b.at(scope);
  const int = (value: number) => b.integer(value);
  const raw = encoded(scene, feature, { kind: "candidate" });
  // −2 is never a behaviour's row, so an unknown candidate equals nothing.
  const candidate = b.where(b.greater(raw, int(0)), raw, int(-2));
  const behaviour = frame.rows(encoded(scene, feature, frame.site));
  const tag = (x: Value, index: number) => b.squeeze(b.slice(x, -1 + x.shape.length, index, index + 1), -1);
  if (encoder.kind !== "tags") {
    const count = together(encoder);
    const same = Array.from({ length: count }, (_, index) => {
      const [ours, theirs] = [candidate, behaviour].map((x) => (count === 1 ? x : tag(x, index)));
      return b.equal(b.unsqueeze(ours, 1), theirs);
    });
    return b.cast(
      same.reduce((left, right) => b.and(left, right)),
      "float32",
    );
  }
  const places = Array.from({ length: encoder.max }, (_, index) => index);
  const theirs = places.map((index) => tag(behaviour, index));
  const differs = places.flatMap((index) => {
    const ours = b.unsqueeze(tag(candidate, index), 1);
    return theirs.map((other) => b.not(b.equal(ours, other)));
  });
  return b.cast(b.not(differs.reduce((left, right) => b.and(left, right))), "float32");
}
