// Features → columns: one row of an embedding table or two, pooled tags, a vector as it is or projected, a number.
import { encodedShapeOf, isFloat, together } from "../../contract/encoder-spec.ts";
import { columns } from "../catalog/features.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import type { Embedding, Feature } from "../model/model.ts";
import { featurePort, itemPort, outsidePort, owner, rawPort } from "../model/ports.ts";
import { readsCopy, rowsOf } from "../model/searched.ts";
import type { Site } from "../model/site.ts";
import { popular } from "./popularity.ts";
import { leading, type Scene } from "./scene.ts";

/** The encoded values of a feature as they enter the graph: int32 rows (two hashes: [… 2]; tags: [… max], −1 fills up) or float32. */
export function encoded(scene: Scene, feature: Feature, site: Site): Value {
  const items = itemIndex(scene, [feature], site);
  if (items) {
    return scene.b.at(featurePort(feature, site)).gather(encoded(scene, feature, { kind: "items" }), items);
  }
  const name = featurePort(feature, site);
  const { encoder, doc } = feature;
  const shape = [...leading(scene, site), ...encodedShapeOf(encoder)];
  if (encoder.kind === "key") {
    throw new Error(`${feature.qualified} is a key: it identifies and enters no graph`);
  }
  if (encoder.kind === "popularity" && scene.training === null) {
    return scene.input(name, "int32", leading(scene, site), doc);
  }
  return scene.input(name, isFloat(encoder) ? "float32" : "int32", shape, doc);
}

/** Rows as a table beside the embedding counts them: an input of their own where those of the embedding count in fetched rows. */
export function rowsInTable(scene: Scene, feature: Feature, site: Site): Value {
  const { embedding, encoder, doc } = feature;
  if (scene.training !== null || embedding === null || !scene.outside.has(rowsOf(embedding))) {
    return encoded(scene, feature, site);
  }
  const shape = [...leading(scene, site), ...encodedShapeOf(encoder)];
  return scene.input(rawPort(feature, site), "int32", shape, doc);
}

/** The columns that a feature brings: [… width]. */
export function embed(scene: Scene, feature: Feature, site: Site): Value {
  const name = featurePort(feature, site);
  return scene.once(`embed ${name} ${readsCopy(feature)}`, () => {
    const b = scene.b.at(name, feature.doc);
    const items = itemIndex(scene, [feature], site);
    if (items) {
      return b.gather(embed(scene, feature, { kind: "items" }), items);
    }
    const x = encoded(scene, feature, site);
    if (feature.encoder.kind === "popularity") {
      return popular(scene, feature, x);
    }
    if (columns(feature.encoder).kind === "scalar") {
      return b.unsqueeze(x, -1);
    }
    switch (feature.encoder.kind) {
      case "pretrained": {
        const { projection } = feature;
        if (projection === null) {
          return x;
        }
        return b.matmul(x, scene.b.parameter(projection.parameter, [feature.encoder.size, projection.dim]));
      }
      default:
        return looked(
          b,
          embeddingTable(scene, feature),
          readsCopy(feature) ? rowsInTable(scene, feature, site) : x,
          feature,
        );
    }
  });
}

/** What encoded values `x` of a feature look up in a table [rows, dim]: [… dim]. */
export function looked(
  b: Builder,
  table: Value,
  x: Value,
  { encoder, pool }: Pick<Feature, "encoder" | "pool">,
): Value {
  if (encoder.kind === "tags") {
    return pooled(b, table, x, pool);
  }
  const rows = b.gather(table, x);
  return together(encoder) === 1 ? rows : b.sum(rows, [-2]);
}

/** Features side by side: [… Σ width], in their order; those without columns bring none. */
export function concatenated(scene: Scene, features: readonly Feature[], site: Site, scope: string): Value {
  const items = itemIndex(scene, features, site);
  if (items) {
    return scene.b.at(scope).gather(concatenated(scene, features, { kind: "items" }, "item"), items);
  }
  const columns = features.filter((feature) => feature.width > 0).map((feature) => embed(scene, feature, site));
  if (columns.length === 0) {
    throw new Error(`${scope}: no feature brings a column`);
  }
  return columns.length === 1 ? columns[0] : scene.b.at(scope).concat(columns, -1);
}

/**
 * Training computes what belongs to an item once for each of the batch's items: which of them stands at a site, int32;
 * null where the features are not the items' or stand at the items already.
 */
export function itemIndex(scene: Scene, features: readonly Feature[], site: Site): Value | null {
  const shared = scene.training !== null && site.kind !== "items" && site.kind !== "once";
  if (!shared || !features.every(({ group }) => group === "item")) {
    return null;
  }
  const doc = "Which of the batch's items it is; number 0 is the unknown one.";
  return scene.input(itemPort(site), "int32", leading(scene, site), doc);
}

/** The table of a feature's embedding. */
function embeddingTable(scene: Scene, { embedding, qualified }: Feature): Value {
  if (embedding === null) {
    throw new Error(`${qualified} has no embedding table`);
  }
  return tableOf(scene, embedding);
}

/** [rows, dim]: a parameter, or the input with the fetched rows where the table is held outside. */
export function tableOf(scene: Scene, embedding: Embedding): Value {
  if (!scene.outside.has(embedding.parameter)) {
    return scene.b.parameter(embedding.parameter, [embedding.rows, embedding.dim]);
  }
  const name = owner(embedding);
  const doc = `Rows of ${embedding.parameter} that this run needs; the index inputs count in them. Row 0: unknown.`;
  const port = scene.training === null ? outsidePort(embedding) : embedding.parameter;
  return scene.input(port, "float32", [`rows.${name}`, embedding.dim], doc);
}

/** Σ over the tags that are there (E·x_hot), or their mean; no tag gives zeros. */
function pooled(b: Builder, table: Value, ids: Value, pool: "sum" | "mean"): Value {
  const present = b.greater(ids, int(b, -1));
  const rows = b.gather(table, b.where(present, ids, int(b, 0)));
  const mask = b.unsqueeze(b.cast(present, "float32"), -1);
  const total = b.sum(b.mul(rows, mask), [-2]);
  return pool === "sum" ? total : b.div(total, b.maximum(b.sum(mask, [-2]), b.scalar(1)));
}

/**
 * Rows that may be multiplied out whole where there are many behaviours: a value is one of a few rows of its table.
 * Not those of two hashes, of tags, of vectors and numbers.
 */
export const isSmallLookup = ({ encoder, embedding }: Feature): boolean =>
  embedding !== null && embedding.rows <= 4096 && encoder.kind !== "tags" && together(encoder) === 1;

/** The rows that `embed` looks up. @param feature as `isSmallLookup` has it */
export const lookupRows = (scene: Scene, feature: Feature): Value => embeddingTable(scene, feature);

function int(b: Builder, value: number): Value {
  return b.integer(value);
}
