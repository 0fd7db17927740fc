// What a metric's own tables give its query and its keys: their rows side by side (DARE, ICLR 2025, section 3).
import type { Value } from "../ir/graph.ts";
import type { Metric } from "../model/model.ts";
import { ownTables } from "../model/own.ts";
import { stem } from "../model/ports.ts";
import type { Site } from "../model/site.ts";
import { itemIndex, looked, rowsInTable, tableOf } from "./embed.ts";
import type { Scene } from "./scene.ts";

/** The own rows of the items at a site, in the order of the keys; tags pooled as their feature says: [… Σ dim]. */
export function ownColumns(scene: Scene, metric: Metric, site: Site): Value {
  const where = site.kind === "items" ? "item" : stem(site);
  return scene.once(`own ${metric.name} ${where}`, () => {
    const tables = ownTables(metric);
    const b = scene.b.at(metric.name, metric.doc).at(`own/${where}`);
    const features = tables.map(({ feature }) => feature);
    const items = itemIndex(scene, features, site);
    if (items) {
      return b.gather(ownColumns(scene, metric, { kind: "items" }), items);
    }
    const columns = tables.map(({ feature, embedding }) =>
      looked(b, tableOf(scene, embedding), rowsInTable(scene, feature, site), feature),
    );
    return columns.length === 1 ? columns[0] : b.concat(columns, -1);
  });
}
