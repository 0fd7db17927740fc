// The metric, written once: multi-head target attention's score, used by search, attention, oracle and explanation.
import type { Value } from "../ir/graph.ts";
import type { Feature, Metric } from "../model/model.ts";
import { stem } from "../model/ports.ts";
import { readsCopy, searchCopy } from "../model/searched.ts";
import { towerSite } from "../model/site.ts";
import { widthOf } from "../model/widths.ts";
import { concatenated, embed, encoded } from "./embed.ts";
import { type Frame, projectHeads, whole } from "./frame.ts";
import { matching } from "./match.ts";
import { ownColumns } from "./own.ts";
import { inRows } from "./rows.ts";
import type { Scene } from "./scene.ts";
import { columns, type Held } from "./table.ts";

/** Where the projected keys come from: columns of a table, or a projection of the items' features; null: the latter. */
export type KeySource = Held | null;

/** Both parts broadcast to [A, R, M]; their sum is the score. */
export interface Score {
  /** (K_h W^h)(q W^q)ᵀ / √d, unsplit (K_h W^h + K_c W^c)(q W^q)ᵀ / √d : [A, R, M] */
  readonly metric: Value;
  /** (K_c W^c) β + ln n + Σ_F γ_F 1[agree in F] : broadcasts to [A, R, M]; null where the metric has none of them. */
  readonly bias: Value | null;
}

/**
 * α_a = (K_h W^h_a)(qᵀ W^q_a)ᵀ / √d + (K_c W^c_a) β over the frame's behaviours (TWIN, KDD 2023, eq. 3–5), and γ_F,a for
 * each feature F of `match` in which candidate and behaviour agree; of a cluster of n behaviours ln n (TWIN V2, CIKM 2024).
 * What is added is not divided by √d. Cross features among the keys are projected with the item's, as K W^k of plain target
 * attention (eq. 2): what the split saves is the price of it. With own embeddings
 * q and K_h are rows of the metric's own tables, as wide as d, and nothing projects them (DARE, ICLR 2025, section 3).
 */
export function lowerMetric(scene: Scene, metric: Metric, frame: Frame, source: KeySource): Score {
  const from = source === null ? "fresh" : source.table.name;
  return scene.once(`score ${metric.name} ${frame.key} ${from}`, () => ({
    metric: inherent(scene, metric, frame, source),
    bias: joined(scene, metric, [
      crossBias(scene, metric, frame),
      clusterBias(scene, metric, frame),
      agreement(scene, metric, frame),
    ]),
  }));
}

/** The sum of those that are there. */
function joined(scene: Scene, metric: Metric, parts: readonly (Value | null)[]): Value | null {
  const there = parts.filter((part) => part !== null);
  return there.length === 0
    ? null
    : there.reduce((left, right) => scene.b.at(metric.name, metric.doc).add(left, right));
}

/** The sum of both parts: [A, R, M]. */
export function total(scene: Scene, metric: Metric, { metric: inherentPart, bias }: Score): Value {
  return bias === null ? inherentPart : scene.b.at(metric.name, metric.doc).add(inherentPart, bias);
}

function inherent(scene: Scene, metric: Metric, frame: Frame, source: KeySource): Value {
  const query = projectQuery(scene, metric);
  const keys = source === null ? projectKeys(scene, metric, frame) : columns(scene, frame, source, metric.heads);
  const b = scene.b.at(metric.name, metric.doc).at("score", metric.doc);
  const product = frame.pairwise
    ? b.squeeze(b.matmul(keys, b.unsqueeze(query, -1)), -1)
    : b.matmul(query, b.transpose(keys, [0, 2, 1]));
  return b.div(product, b.scalar(Math.sqrt(metric.dim)));
}

/** q W^q_a / √d and (K_h W^h_a) of a whole history: [A, R, d] and [A, L, d], whose products are the scores' inherent part. */
export function operands(scene: Scene, metric: Metric) {
  return {
    query: () => {
      const b = scene.b.at(metric.name, metric.doc).at("query", metric.doc);
      return b.div(projectQuery(scene, metric), b.scalar(Math.sqrt(metric.dim)));
    },
    keys: () => projectKeys(scene, metric, whole(scene, metric.history)),
    /** (K_c W^c) β : [A, L] */
    bias: () => {
      const frame = whole(scene, metric.history);
      const b = scene.b.at(metric.name).at("bias", metric.doc);
      const [cross, sizes] = [crossBias(scene, metric, frame), clusterBias(scene, metric, frame)];
      // Sizes alone are the same under all heads.
      const bias =
        cross === null && sizes !== null
          ? b.concat(Array(metric.heads).fill(sizes), 0)
          : joined(scene, metric, [cross, sizes]);
      return bias && b.squeeze(bias, 1);
    },
  };
}

/** Whether cross features, or the sizes of clusters, add to the score. */
export const hasBias = ({ bias, logSize }: Metric): boolean => logSize || bias.some(({ width }) => width > 0);

/** q W^q_a, or the own rows of the candidates: [A, R, d]; W^q is a block for the item, which keys have the like of, and one for each that joins. */
function projectQuery(scene: Scene, metric: Metric): Value {
  return scene.once(`query ${metric.name}`, () => {
    if (metric.embeddings.kind === "own") {
      const own = ownColumns(scene, metric, { kind: "candidate" });
      return scene.b.at(metric.name).at("query", metric.doc).unsqueeze(own, 0);
    }
    const q = queryColumns(scene, metric);
    const b = scene.b.at(metric.name).at("query", metric.doc);
    const part = (name: string, width: number) => scene.b.parameter(name, [metric.heads, width, metric.dim], "query");
    const item = part(`${metric.name}.query`, widthOf(metric.query));
    const others = metric.asked.map((feature) => part(`${metric.name}.query.${feature.qualified}`, feature.width));
    const weight = others.length === 0 ? item : b.concat([item, ...others], 1);
    return b.matmul(b.unsqueeze(q, 0), weight);
  });
}

/** q: the candidate's inherent columns and, beside, what is known of the request: [R, H + …]. */
export function queryColumns(scene: Scene, metric: Metric): Value {
  const scope = `${metric.name}/query`;
  const item = concatenated(scene, metric.query, { kind: "candidate" }, scope);
  if (metric.asked.length === 0) {
    return item;
  }
  return scene.once(`asked ${metric.name}`, () => {
    const others = metric.asked.map((feature) => inRows(scene, scope, embed(scene, feature, towerSite(feature))));
    return scene.b.at(scope).concat([item, ...others], 1);
  });
}

/** K_h W^h_a of the frame, unsplit [K_h, K_c] [W^h_a; W^c_a], or the own rows of its items: [A, M, d] or [A, R, M, d]. */
function projectKeys(scene: Scene, metric: Metric, frame: Frame): Value {
  return scene.once(`keys ${metric.name} ${frame.key}`, () => {
    if (metric.embeddings.kind === "own") {
      const own = frame.rows(ownColumns(scene, metric, frame.site));
      return frame.headed ? own : scene.b.at(metric.name).at("keys", metric.doc).unsqueeze(own, 0);
    }
    const scope = `${metric.name}/keys`;
    const b = scene.b.at(scope, metric.doc);
    const beside = (values: readonly Value[], axis: number) =>
      values.length === 1 ? values[0] : b.concat(values, axis);
    const rows = [
      frame.rows(inherentHistory(scene, frame, metric.keys)),
      ...metric.crossKeys.map((feature) => frame.rows(embed(scene, feature, frame.site))),
    ];
    const weights = [
      keysWeight(scene, metric),
      ...metric.crossKeys.map(({ name, width }) =>
        scene.b.parameter(`${metric.name}.keys.${name}`, [metric.heads, width, metric.dim]),
      ),
    ];
    return projectHeads(scene, frame, scope, beside(rows, -1), beside(weights, 1));
  });
}

/** W^h : [A, H, d] */
export function keysWeight(scene: Scene, metric: Metric): Value {
  return scene.b.parameter(`${metric.name}.keys`, [metric.heads, widthOf(metric.keys), metric.dim]);
}

/** K_h: the inherent columns of the behaviours' items, as the frame's `rows` take them. */
export function inherentHistory(scene: Scene, { site }: Frame, features: readonly Feature[]): Value {
  return scene.once(`inherent ${stem(site)} ${columnNames(features)}`, () =>
    concatenated(scene, features, site, `${stem(site)}/item`),
  );
}

/** Tells columns apart that do not read the same: of one feature also those of two tables. */
export const columnNames = (features: readonly Feature[]): string =>
  features.map((feature) => (readsCopy(feature) ? searchCopy(feature.name) : feature.name)).join();

/** Σ_j (K_c,j w_a,j) β_j : [A, R, M] or [A, 1, M] */
function crossBias(scene: Scene, metric: Metric, frame: Frame): Value | null {
  const features = metric.bias.filter((feature) => feature.width > 0);
  if (features.length === 0) {
    return null;
  }
  const b = scene.b.at(metric.name).at("bias", metric.doc);
  const terms = features.map((feature) => {
    const scope = `${metric.name}/bias.${feature.name}`;
    const name = `${metric.name}.bias.${feature.name}`;
    const compress = b.unsqueeze(scene.b.parameter(`${name}.w`, [metric.heads, feature.width]), 2);
    const one = projectHeads(scene, frame, scope, frame.rows(embed(scene, feature, frame.site)), compress);
    return scene.b.at(scope, feature.doc).mul(one, scene.b.parameter(`${name}.beta`, [1]));
  });
  const sum = b.squeeze(
    terms.reduce((left, right) => b.add(left, right)),
    -1,
  );
  return frame.pairwise ? sum : b.unsqueeze(sum, 1);
}

/** ln n of clusters of n behaviours (TWIN V2, CIKM 2024, eq. 8): [1, R, M] or [1, 1, M], in a `per_head` frame [A, R, M]; of padding 0. */
function clusterBias(scene: Scene, metric: Metric, frame: Frame): Value | null {
  if (!metric.logSize) {
    return null;
  }
  const sizes = metric.history.cross.features.find(({ encoder }) => encoder.kind === "members")!;
  const b = scene.b.at(`${metric.name}/bias.size`, metric.doc);
  // Padding has size 0.
  const log = b.log(b.maximum(frame.rows(encoded(scene, sizes, frame.site)), b.scalar(1)));
  return frame.headed ? log : b.unsqueeze(log, ...(frame.pairwise ? [0] : [0, 1]));
}

/** Σ_F γ_F,a 1[candidate and behaviour agree in F] : [A, R, M]; null where the metric has no `match`. */
function agreement(scene: Scene, metric: Metric, frame: Frame): Value | null {
  const terms = metric.match.map((feature) => {
    const scope = `${metric.name}/match.${feature.name}`;
    const b = scene.b.at(scope, feature.doc);
    const agrees = matching(scene, feature, frame, scope);
    return b.mul(frame.headed ? agrees : b.unsqueeze(agrees, 0), matchWeight(scene, metric, feature, 2));
  });
  return joined(scene, metric, terms);
}

/** γ_F : [A, 1 …] with so many axes behind. */
export function matchWeight(scene: Scene, metric: Metric, { name, doc }: Feature, behind: 1 | 2): Value {
  const b = scene.b.at(`${metric.name}/match.${name}`, doc);
  const weight = scene.b.parameter(`${metric.name}.match.${name}`, [metric.heads]);
  return b.unsqueeze(weight, ...Array.from({ length: behind }, (_, axis) => axis + 1));
}
