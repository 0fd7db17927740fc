// A tower's wide terms: a linear model beside its layers (Wide & Deep, DLRS 2016), one number a row or weight and task.
import type { Value } from "../ir/graph.ts";
import type { Tower } from "../model/model.ts";
import { type Site, towerSite } from "../model/site.ts";
import { type WideTerm, wideTerms } from "../model/wide.ts";
import { embed, encoded, itemIndex, looked, rowsInTable, tableOf } from "./embed.ts";
import type { Scene } from "./scene.ts";

/**
 * Σ_F e_F[row] + w_F · numbers, a column for each of the tower's tasks: [R, tasks], or [1, tasks] where all of it is the
 * user's alone. The entries of tags, and of two hashes, are summed.
 */
export function lowerWide(scene: Scene, tower: Tower): Value {
  const b = scene.b.at(`${tower.name}/wide`);
  const sum = (values: readonly Value[]) => values.reduce((left, right) => b.add(left, right));
  const terms = wideTerms(tower);
  const items: WideTerm[] = scene.training === null ? [] : terms.filter(({ feature }) => feature.group === "item");
  const others = terms
    .filter((one) => !items.includes(one))
    .map((one) => term(scene, tower, one, towerSite(one.feature)));
  if (items.length === 0) {
    return sum(others);
  }
  // Training computes what belongs to an item once for each of the batch's items.
  const ofItems = sum(items.map((one) => term(scene, tower, one, { kind: "items" })));
  const index = itemIndex(
    scene,
    items.map(({ feature }) => feature),
    { kind: "candidate" },
  );
  return sum([b.gather(ofItems, index!), ...others]);
}

/** [… tasks] */
function term(scene: Scene, { name }: Tower, { feature, parameter, shape, table }: WideTerm, site: Site): Value {
  const b = scene.b.at(`${name}/wide/${feature.qualified}`, feature.doc);
  if (table !== null) {
    return looked(b, tableOf(scene, table), rowsInTable(scene, feature, site), { ...feature, pool: "sum" });
  }
  const numbers = feature.encoder.kind === "pretrained" ? encoded(scene, feature, site) : embed(scene, feature, site);
  return b.matmul(numbers, scene.b.parameter(parameter, shape));
}
