// What candidates are ordered by: Σ weight · ln p over labels.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import type { Score } from "../model/model.ts";
import type { Scene } from "./scene.ts";
import type { Prediction } from "./tower.ts";

/** [R], at most 0 */
export function lowerScore(scene: Scene, { of }: Score, predictions: readonly Prediction[]): Value {
  const b = scene.b.at("score");
  const terms = of.map(({ label, weight }) => {
    const found = predictions.find(({ task }) => task.label === label);
    if (found === undefined) {
      throw new Error(`the score is of ${label}, which no tower predicts`);
    }
    const term = logProbability(b, found);
    return weight === 1 ? term : b.mul(term, b.scalar(weight));
  });
  return terms.reduce((left, right) => b.add(left, right));
}

/** ln p of the probability that the label gives out: of σ(z), z calibrated where the label is, it is min(z, 0) − ln(1 + e^−|z|), which no z overflows. */
function logProbability(b: Builder, { odds: z }: Prediction): Value {
  const away = b.neg(b.maximum(z, b.neg(z)));
  return b.sub(b.minimum(z, b.scalar(0)), b.log(b.add(b.exp(away), b.scalar(1))));
}
