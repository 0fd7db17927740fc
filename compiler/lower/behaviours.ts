// K = [K_h, K_c]: all that is known of a behaviour, side by side, as attends without projections pool it.
import type { Value } from "../ir/graph.ts";
import type { Attend } from "../model/model.ts";
import { columnsOf } from "../model/widths.ts";
import { embed } from "./embed.ts";
import type { Frame } from "./frame.ts";
import { inherentHistory } from "./metric.ts";
import type { Scene } from "./scene.ts";

/** The frame's rows of it: [M, H + C], [R, M, H + C], or in a `per_head` frame [A, R, M, H + C]. */
export function behaviours(scene: Scene, attend: Attend, frame: Frame): Value {
  const b = scene.b.at(attend.name, attend.doc);
  const [inherent, cross] = [columnsOf(scene.model.item), columnsOf(frame.history.cross)];
  const items = inherent.length === 0 ? [] : [inherentHistory(scene, frame, inherent)];
  const parts = [...items, ...cross.map((feature) => embed(scene, feature, frame.site))];
  return frame.rows(parts.length === 1 ? parts[0] : b.concat(parts, -1));
}
