// Whether candidate and behaviour agree in a feature of the item.
import { together } from "../../contract/encoder-spec.ts";
import type { Value } from "../ir/graph.ts";
import type { Feature } from "../model/model.ts";
import { encoded } from "./embed.ts";
import type { Frame } from "./frame.ts";
import type { Scene } from "./scene.ts";

/** Whether any one value in common is enough, as of tags, or all that stand together must be equal. */
export const anyAgrees = ({ encoder }: Feature): boolean => encoder.kind === "tags";

/** How many rows stand together for one value: those of two hashes, a list of tags, else 1. */
export const rowsTogether = ({ encoder }: Feature): number =>
  encoder.kind === "tags" ? encoder.max : together(encoder);

/** int32 [R] or [R, n] of candidates; −2, which is never a behaviour's, for the unknown and for what fills tags up. */
function comparable(scene: Scene, feature: Feature, scope: string): Value {
  const b = scene.b.at(scope);
  const raw = encoded(scene, feature, { kind: "candidate" });
  return b.where(b.greater(raw, b.integer(0)), raw, b.integer(-2));
}

/** int32 [R, n] and [L, n]: what the kernel compares. */
export function comparedRows(scene: Scene, feature: Feature, frame: Frame, scope: string) {
  const b = scene.b.at(scope);
  const listed = (x: Value) => (x.shape.length === 1 ? b.unsqueeze(x, 1) : x);
  return {
    candidates: () => listed(comparable(scene, feature, scope)),
    // An output of its own: a graph cannot give out what it was given.
    behaviours: () => listed(b.maximum(encoded(scene, feature, frame.site), b.integer(-1))),
  };
}

/**
 * 1 where candidate and behaviour have a value in common, of tags any, of two hashes both: [R, M], in a `per_head` frame [A, R, M]. Row 0, the
 * unknown, and the tags' filler match nothing.
 */
export function matching(scene: Scene, feature: Feature, frame: Frame, scope: string): Value {
  const { encoder } = feature;
  if (
    encoder.kind === "pretrained" ||
    encoder.kind === "number" ||
    encoder.kind === "members" ||
    encoder.kind === "key"
  ) {
    throw new Error(`${scope}: ${feature.qualified} is of kind ${encoder.kind}, and only rows can match`);
  }
  const b = scene.b.at(scope);
  const candidate = comparable(scene, feature, scope);
  const behaviour = frame.rows(encoded(scene, feature, frame.site));
  const tag = (x: Value, index: number) => b.squeeze(b.slice(x, -1 + x.shape.length, index, index + 1), -1);
  const places = Array.from({ length: rowsTogether(feature) }, (_, index) => index);
  if (!anyAgrees(feature)) {
    const same = places.map((index) => {
      const [ours, theirs] = [candidate, behaviour].map((x) => (places.length === 1 ? x : tag(x, index)));
      return b.equal(b.unsqueeze(ours, 1), theirs);
    });
    return b.cast(
      same.reduce((left, right) => b.and(left, right)),
      "float32",
    );
  }
  const theirs = places.map((index) => tag(behaviour, index));
  const differs = places.flatMap((index) => {
    const ours = b.unsqueeze(tag(candidate, index), 1);
    return theirs.map((other) => b.not(b.equal(ours, other)));
  });
  return b.cast(b.not(differs.reduce((left, right) => b.and(left, right))), "float32");
}
