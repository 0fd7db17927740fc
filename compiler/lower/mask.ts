// Masks: 1 for a behaviour that counts, 0 for one that does not.
import type { Value } from "../ir/graph.ts";
import type { Table } from "../model/model.ts";
import { stem } from "../model/ports.ts";
import type { Frame } from "./frame.ts";
import { leading, type Scene } from "./scene.ts";
import { found } from "./table.ts";

/** Never −Infinity: the WebGPU provider's TopK returns index −1 for scores at or below −FLT_MAX. */
export const maskedScore = -1e30;

/** What the frame's `rows` take: behaviour, not padding. */
export function valid(scene: Scene, { site }: Pick<Frame, "site">): Value {
  const doc = `1 for a behaviour of ${stem(site)}, 0 for padding, which stands at the end.`;
  return scene.input(`${stem(site)}.valid`, "float32", leading(scene, site), doc);
}

/** What the frame's `rows` take: valid, and held by every one of `tables` that masks what it misses. */
export function countable(scene: Scene, frame: Pick<Frame, "site">, tables: readonly Table[]): Value {
  const masking = [...new Set(tables)].filter((table) => table.onMiss === "mask");
  const name = stem(frame.site);
  const key = `countable ${name} ${masking.map((table) => table.name).join()}`;
  return scene.once(key, () =>
    masking.reduce((mask, table) => scene.b.at(name).mul(mask, found(scene, table)), valid(scene, frame)),
  );
}

/** Positions in a history, 0 of the newest: [L]. */
export function positions(scene: Scene, scope: string, doc: string, frame: Pick<Frame, "site">): Value {
  const b = scene.b.at(scope, doc);
  const behaviours = valid(scene, frame);
  return b.positions(scene.layout === "batch" ? b.max(behaviours, [0]) : behaviours);
}

/** Scores as weights that sum to one over the behaviours that count; zeros where none does. */
export const normalised = (scene: Scene, scope: string, scores: Value, counts: Value): Value => {
  const b = scene.b.at(scope);
  // Where nothing counts the softmax is uniform; the mask makes it zero.
  return b.mul(b.softmax(masked(scene, scope, scores, counts)), counts);
};

/**
 * Scores with the masked ones at −1e30: score + (mask − 1) · 1e30. The penalty swallows any score of less than 1e22, so that
 * masked scores are equal. Numbers, no Where: ONNX Runtime moves transpositions above it, and a bool has none on WebGPU.
 */
export function masked(scene: Scene, scope: string, scores: Value, mask: Value): Value {
  const b = scene.b.at(scope);
  return b.add(scores, b.mul(b.sub(mask, b.scalar(1)), b.scalar(-maskedScore)));
}
