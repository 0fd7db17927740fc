// What training adds to a label's log-odds for how its sample was shown (the shallow tower of Zhao et al., RecSys 2019, section 4.2).
import type { Value } from "../ir/graph.ts";
import { biasParameter } from "../model/bias.ts";
import type { Task, Tower } from "../model/model.ts";
import { towerSite } from "../model/site.ts";
import { widthOf } from "../model/widths.ts";
import { embed } from "./embed.ts";
import type { Scene } from "./scene.ts";

/** [e_1, e_2, …] w of the features that a label is biased by, [R]; null: by none. No constant: the tower has one. */
export function lowerBias(scene: Scene, tower: Tower, task: Task): Value | null {
  if (task.bias.length === 0) {
    return null;
  }
  const b = scene.b.at(`loss/${task.label}/shown`);
  const columns = task.bias.map((feature) => embed(scene, feature, towerSite(feature)));
  const x = columns.length === 1 ? columns[0] : b.concat(columns, 1);
  return b.squeeze(b.matmul(x, b.parameter(biasParameter(tower, task), [widthOf(task.bias), 1])), 1);
}
