// What is the user's alone, repeated for every candidate.
import { isFloat } from "../../contract/encoder-spec.ts";
import type { Value } from "../ir/graph.ts";
import { columnsOf } from "../model/widths.ts";
import { encoded } from "./embed.ts";
import type { Scene } from "./scene.ts";

/** [1, width] → [candidates, width]; what has a row for each candidate stays. */
export const inRows = (scene: Scene, scope: string, x: Value): Value =>
  x.shape[0] === 1 ? scene.b.at(scope).gather(x, firstRows(scene)) : x;

/** int32 [candidates] of zeros: reads the one row of the user's side for every candidate. */
function firstRows(scene: Scene): Value {
  return scene.once("first rows", () => {
    const features = [...columnsOf(scene.model.item), ...columnsOf(scene.model.candidate)];
    const rows = features.filter(({ encoder }) => !isFloat(encoder));
    const [feature] = [...rows, ...features];
    if (feature === undefined) {
      throw new Error("no feature of a candidate enters a graph");
    }
    const b = scene.b.at("candidates");
    const x = encoded(scene, feature, { kind: "candidate" });
    const column = x.shape.length === 1 ? x : b.squeeze(b.slice(x, 1, 0, 1), 1);
    return b.mul(b.cast(column, "int32"), b.integer(0));
  });
}
