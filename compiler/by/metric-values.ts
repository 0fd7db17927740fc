// Values of target attention, and what becomes of their weighted sums: as every graph has them.
import { peakWidth } from "../../contract/kernel-spec.ts";
import type { Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import { concatenated, embed } from "../lower/embed.ts";
import { type Frame, projectHeads } from "../lower/frame.ts";
import { inherentHistory, type KeySource } from "../lower/metric.ts";
import { rowsDim, type Scene } from "../lower/scene.ts";
import { columns } from "../lower/table.ts";
import type { Found } from "../lower/tower.ts";
import type { Attend, Feature, Metric } from "../model/model.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import { strengthOf } from "./strength.ts";

/** K W^v_a of the frame, or the items' columns as they are: [A, M, v] or [A, R, M, v]; the item's part may be columns of a table. */
export function valuesOf(scene: Scene, attend: Attend, metric: Metric, frame: Frame, source: KeySource): Value {
  const computed = computedValues(scene, attend, metric, frame, source);
  if (source === null) {
    return computed!;
  }
  const held = columns(scene, frame, source, metric.heads);
  return computed === null ? held : scene.b.at(`${attend.name}/values`, attend.doc).add(held, computed);
}

/**
 * All of them where no table holds the item's part, else the cross features' part, null where there are none.
 * @param cross those that are computed
 */
export function computedValues(
  scene: Scene,
  attend: Attend,
  { heads }: Metric,
  frame: Frame,
  source: KeySource,
  cross = valueFeatures(scene.model, attend).cross,
): Value | null {
  const { inherent } = valueFeatures(scene.model, attend);
  if (source !== null && cross.length === 0) {
    return null;
  }
  const scope = `${attend.name}/values`;
  const b = scene.b.at(scope, attend.doc);
  if (attend.value === "product") {
    const rows = frame.rows(inherentHistory(scene, frame, inherent));
    return frame.headed ? rows : b.unsqueeze(rows, 0);
  }
  const joined = (values: readonly Value[], axis: number) => (values.length === 1 ? values[0] : b.concat(values, axis));
  const others = cross.map((feature) => crossWeight(scene, attend, heads, feature));
  const crossRows = cross.map((feature) => frame.rows(embed(scene, feature, frame.site)));
  if (source !== null) {
    return projectHeads(scene, frame, scope, joined(crossRows, -1), joined(others, 1));
  }
  const item = scene.b.parameter(`${attend.name}.values.item`, [heads, widthOf(inherent), attend.values]);
  const rows = frame.rows(inherentHistory(scene, frame, inherent));
  return projectHeads(scene, frame, scope, joined([rows, ...crossRows], -1), joined([item, ...others], 1));
}

/** W^v of a cross feature: [A, w, v]. */
export const crossWeight = (scene: Scene, attend: Attend, heads: number, { name, width }: Feature): Value =>
  scene.b.parameter(`${attend.name}.values.${name}`, [heads, width, attend.values]);

/** Σ weights · values of each head: [A, R, v]. */
export function pooledValues(scene: Scene, attend: Attend, frame: Frame, weights: Value, values: Value): Value {
  const b = scene.b.at(`${attend.name}/out`, attend.doc);
  return frame.pairwise ? b.squeeze(b.matmul(b.unsqueeze(weights, 2), values), 2) : b.matmul(weights, values);
}

/** What stands by heads, [A, R, n], in rows: [R, A · n]. */
export function sideBySide(scene: Scene, attend: Attend, { heads }: Metric, x: Value): Value {
  const b = scene.b.at(`${attend.name}/out`, attend.doc);
  return b.reshape(b.transpose(x, [1, 0, 2]), [rowsDim(scene), heads * knownDim(x, 2)]);
}

/** What was pooled, [R, A · v], times W^o: [R, out]; with `value: product` Σ w_i (e_i ∗ q) as (Σ w_i e_i) ∗ q, of one head. */
export function projected(scene: Scene, attend: Attend, { heads }: Metric, pooled: Value): Value {
  if (attend.value === "product") {
    const b = scene.b.at(`${attend.name}/out`, attend.doc);
    const { inherent } = valueFeatures(scene.model, attend);
    return b.mul(pooled, concatenated(scene, inherent, { kind: "candidate" }, `${attend.name}/candidate`));
  }
  const weight = scene.b.parameter(`${attend.name}.out`, [heads * attend.values, attend.out]);
  return scene.b.at(`${attend.name}/out`, attend.doc).matmul(pooled, weight);
}

/** What an attend gives, of what was pooled: [R, A · v], with `strength` [R, A · (v + 2)]. */
export function fromPooled(scene: Scene, attend: Attend, metric: Metric, pooled: Value): Found {
  if (!attend.strength) {
    return { result: projected(scene, attend, metric, pooled), strength: null };
  }
  const { heads } = metric;
  const { values } = attend;
  const b = scene.b.at(`${attend.name}/strength`, attend.doc);
  const byHead = b.transpose(b.reshape(pooled, [rowsDim(scene), heads, values + peakWidth]), [1, 0, 2]);
  const columns = (from: number, to: number) => b.slice(byHead, 2, from, to);
  const peaks = { top: columns(values, values + 1), sum: columns(values + 1, values + 2) };
  return {
    result: projected(scene, attend, metric, sideBySide(scene, attend, metric, columns(0, values))),
    strength: strengthOf(b, peaks),
  };
}
