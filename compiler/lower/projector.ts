// The inherent feature projector: item features → rows of the lookup tables.

import type { Output, Value } from "../ir/graph.ts";
import { knownShape } from "../ir/shape.ts";
import { metricOf } from "../model/by.ts";
import type { Attend, Feature, Search, Table, TablePart } from "../model/model.ts";
import { projectorPort } from "../model/ports.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import { concatenated } from "./embed.ts";
import { columnNames, keysWeight } from "./metric.ts";
import { ownColumns } from "./own.ts";
import type { Scene } from "./scene.ts";

/** What a stage compares of every item, by the operators that hash behaviours where no table is read. */
export type ItemCodes = (scene: Scene, stage: Search | Attend) => Value;

/** One output per table, [items, width]: its parts side by side, in each the heads side by side. */
export function lowerProjector(scene: Scene, codes: ItemCodes): Output[] {
  return scene.model.tables.map((table) => ({
    name: projectorPort(scene.model, table),
    value: row(scene, table, codes),
    doc: table.doc,
  }));
}

function row(scene: Scene, table: Table, codes: ItemCodes): Value {
  const parts = table.of.map((part) =>
    part.kind === "codes" ? codes(scene, part.stage) : lowerPart(scene, table, part),
  );
  return parts.length === 1 ? parts[0] : scene.b.at(table.name, table.doc).concat(parts, 1);
}

type Projected = Exclude<TablePart, { readonly kind: "codes" }>;

function lowerPart(scene: Scene, table: Table, part: Projected): Value {
  if (part.kind === "keys" && part.metric.embeddings.kind === "own") {
    return ownColumns(scene, part.metric, { kind: "items" });
  }
  const { name, features, weight } = projection(scene, part);
  const x = inherent(scene, features);
  const b = scene.b.at(name, table.doc);
  const [heads, , dim] = knownShape(weight);
  return b.reshape(b.transpose(b.matmul(b.unsqueeze(x, 0), weight), [1, 0, 2]), ["items", heads * dim]);
}

function projection(scene: Scene, part: Projected): { name: string; features: readonly Feature[]; weight: Value } {
  if (part.kind === "keys") {
    const { metric } = part;
    return { name: `${metric.name}/keys`, features: metric.keys, weight: keysWeight(scene, metric) };
  }
  const { attend } = part;
  const metric = metricOf(attend.by);
  if (metric === null) {
    throw new Error(`attend ${attend.name} has no values of its own`);
  }
  const features = valueFeatures(scene.model, attend).inherent;
  const shape = [metric.heads, widthOf(features), attend.values];
  return { name: `${attend.name}/values`, features, weight: scene.b.parameter(`${attend.name}.values.item`, shape) };
}

function inherent(scene: Scene, features: readonly Feature[]): Value {
  return scene.once(`inherent items ${columnNames(features)}`, () =>
    concatenated(scene, features, { kind: "items" }, "item"),
  );
}
