// How popular a candidate's value is: in training it comes with the sample, as of its time; a graph that serves reads what was
// counted by the end of training from a table by the value's row.
import type { Value } from "../ir/graph.ts";
import type { Feature } from "../model/model.ts";
import type { Scene } from "./scene.ts";

/** Name and shape of the table: [rows of the feature that it is over, columns]. */
export function popularityTable({ qualified, encoder, width }: Feature): {
  readonly parameter: string;
  readonly shape: readonly [number, number];
} {
  if (encoder.kind !== "popularity") {
    throw new Error(`${qualified} is no popularity`);
  }
  return { parameter: `${qualified}.counts`, shape: [encoder.values, width] };
}

/** [rows, width] @param encoded of the feature: float32 columns in training, int32 rows of the table in a graph that serves */
export function popular(scene: Scene, feature: Feature, encoded: Value): Value {
  const b = scene.b.at(feature.qualified, feature.doc);
  if (scene.training !== null) {
    return feature.width === 1 ? b.unsqueeze(encoded, -1) : encoded;
  }
  const { parameter, shape } = popularityTable(feature);
  return b.gather(b.parameter(parameter, shape), encoded);
}
