// Attends without projections: a weight for each pair of candidate and behaviour, and the sum of what is known of behaviours.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { behaviours } from "../lower/behaviours.ts";
import type { Frame } from "../lower/frame.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend } from "../model/model.ts";
import type { Attended, Shown } from "./kind.ts";

/** Both [R, M], of a `per_head` frame [A, R, M]; weights are 0 where a behaviour does not count. */
interface Weighed {
  readonly weights: Value;
  /** What they come from, for explanation. */
  readonly scores: Value;
}

/** Σ w_i K_i with K = [K_h, K_c]: [R, H + C]. What the lists of a `per_head` search find is added. */
export function pooledBy(scene: Scene, attend: Attend, frame: Frame, { weights, scores }: Weighed): Attended {
  const b = scene.b.at(attend.name, attend.doc);
  const rows = behaviours(scene, attend, frame);
  const sum = frame.pairwise ? b.squeeze(b.matmul(b.unsqueeze(weights, -2), rows), -2) : b.matmul(weights, rows);
  return {
    result: frame.headed ? b.sum(sum, [0]) : sum,
    strength: null,
    pooled: null,
    shown: () => shownAs(b, frame, { weights, scores }),
  };
}

/** As an explanation has them: all of a score is its inherent part. */
export function shownAs(b: Builder, { headed }: Pick<Frame, "headed">, { weights, scores }: Weighed): Shown {
  const inLists = (x: Value): Value => (headed ? x : b.unsqueeze(x, 0));
  const metric = inLists(scores);
  return { weights: inLists(weights), metric, bias: b.mul(metric, b.scalar(0)) };
}
