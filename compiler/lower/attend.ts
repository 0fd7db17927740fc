// The exact stage (ESU): attention over what a search kept, a whole history, or its newest part.
import type { Value } from "../ir/graph.ts";
import type { Attend, Metric, Over, Search, Table } from "../model/model.ts";
import type { Given } from "../model/site.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import { embed } from "./embed.ts";
import { type Frame, givenFrame, kept, newest, projectHeads, whole } from "./frame.ts";
import { countable, masked, valid } from "./mask.ts";
import { inherentHistory, type KeySource, lowerMetric, type Score, total } from "./metric.ts";
import { rowsDim, type Scene } from "./scene.ts";
import { keepsPerHead, searchSource, selectable, selectableScores } from "./search.ts";
import { columns, found, holder } from "./table.ts";

/** Where a graph takes what stages exchange. */
export interface Wiring {
  /** The positions that a search kept: an input of `rank`, computed in `request`. */
  kept(search: Search): Value;
  /** Whether the search's scores are in the graph, to be shared. */
  readonly searches: boolean;
  /** Keys and values from tables where `keys` allows it; false: projected from the items' features. */
  readonly cached: boolean;
}

/** What an attention by a metric shows of itself, all [A, R, M]. */
export interface Shown {
  readonly weights: Value;
  readonly metric: Value;
  readonly bias: Value;
}

export interface Attended {
  /** [R, out] */
  readonly result: Value;
  readonly metric: Metric;
  readonly score: Score;
  readonly weights: Value;
}

/** The part of the history that an attend looks at. */
export function frameOf(scene: Scene, { over }: Attend, wiring: Wiring): Frame {
  if (scene.training !== null) return givenFrame(over.history, givenOf(over));
  switch (over.kind) {
    case "history":
      return whole(scene, over.history);
    case "last":
      return newest(scene, over.history, over.count);
    case "search":
      return scene.once(`frame ${over.search.name}`, () => kept(scene, over.search, wiring.kept(over.search)));
  }
}

/** The list that training's host gathers for an attend; attends over one search share it. */
export function givenOf(over: Over): Given {
  switch (over.kind) {
    case "history":
      return { name: over.history.name, length: null, heads: null };
    case "last":
      return { name: `${over.history.name}.last${over.count}`, length: over.count, heads: null };
    case "search": {
      const { by, keep, name } = over.search;
      return { name, length: keep, heads: keepsPerHead(over.search) && by.kind === "metric" ? by.metric.heads : null };
    }
  }
}

/** Tables that an attend may read its keys and values from: none for `keys: fresh`. */
export function attendTables(scene: Scene, attend: Attend): { keys: KeySource; values: KeySource } {
  const { by, keys } = attend;
  if (by.kind !== "metric" || keys === "fresh" || scene.layout === "batch") return { keys: null, values: null };
  return {
    keys: holder(scene.model, (part) => part.kind === "keys" && part.metric === by.metric),
    values: holder(scene.model, (part) => part.kind === "values" && part.attend === attend),
  };
}

/** Which behaviours an attend counts: what its search could keep, and what the tables that it reads hold. */
export function attendMask(scene: Scene, attend: Attend, frame: Frame, reads: readonly Table[]): Value {
  const { over } = attend;
  if (over.kind !== "search") return frame.rows(countable(scene, frame, reads));
  const searched = searchSource(scene, over.search)?.table;
  const others = new Set(reads.filter((table) => table.onMiss === "mask" && table !== searched));
  const b = scene.b.at(attend.name);
  // What the search could keep is a behaviour already: the other tables' rows alone are looked at, and these are read anyway.
  return [...others].reduce(
    (mask, table) => b.mul(mask, frame.rows(found(scene, table))),
    selectable(scene, over.search, frame),
  );
}

/**
 * concat(head_1 … head_A) W^o with head_a = softmax(α_a)ᵀ (K W^v_a) and K = [K_h, K_c] (TWIN, KDD 2023, eq. 6). Without a
 * behaviour that counts it is the zero vector.
 */
export function lowerAttend(scene: Scene, attend: Attend, metric: Metric, wiring: Wiring): Attended {
  if (attend.value === "product") throw new Error(`attend ${attend.name}: value product is not lowered`);
  return scene.once(`attend ${attend.name}`, () => {
    const frame = frameOf(scene, attend, wiring);
    const tables = wiring.cached ? attendTables(scene, attend) : { keys: null, values: null };
    const score = scoreOf(scene, attend, metric, frame, tables.keys, wiring);
    const reads = [tables.keys, tables.values].flatMap((held) => (held === null ? [] : [held.table]));
    const mask = attendMask(scene, attend, frame, reads);
    const scope = `${attend.name}/weights`;
    const b = scene.b.at(scope, attend.doc);
    const alike = b.softmax(masked(scene, scope, total(scene, metric, score), mask));
    // Where nothing counts the softmax is uniform; the mask makes it zero.
    const weights = b.mul(alike, mask);
    const values = valuesOf(scene, attend, metric, frame, tables.values);
    return { result: output(scene, attend, metric, frame, weights, values), metric, score, weights };
  });
}

/** The score in the frame; where the search by the same keys is in the graph, its masked scores at the kept positions. */
function scoreOf(scene: Scene, attend: Attend, metric: Metric, frame: Frame, source: KeySource, wiring: Wiring): Score {
  const { over } = attend;
  const shared =
    wiring.searches &&
    scene.layout === "request" &&
    over.kind === "search" &&
    over.search.by.kind === "metric" &&
    over.search.by.metric === metric &&
    (searchSource(scene, over.search)?.table ?? null) === (source?.table ?? null);
  if (!shared) return lowerMetric(scene, metric, frame, source);
  return scene.once(`kept scores ${over.search.name}`, () => {
    const b = scene.b.at(metric.name).at("kept");
    const positions = wiring.kept(over.search);
    const heads = Array.from({ length: metric.heads }, () => b.unsqueeze(positions, 0));
    const everyHead = positions.shape.length === 3 ? positions : heads.length === 1 ? heads[0] : b.concat(heads, 0);
    return { metric: b.gatherElements(selectableScores(scene, over.search), everyHead, 2), bias: null };
  });
}

/** K W^v_a of the frame: [A, M, v] or [A, R, M, v]; the item's part may be columns of a table. */
function valuesOf(scene: Scene, attend: Attend, { heads }: Metric, frame: Frame, source: KeySource): Value {
  const { inherent, cross } = valueFeatures(scene.model, attend);
  const stem = `${attend.name}.values`;
  const item = scene.b.parameter(`${stem}.item`, [heads, widthOf(inherent), attend.values]);
  const others = cross.map((feature) =>
    scene.b.parameter(`${stem}.${feature.name}`, [heads, feature.width, attend.values]),
  );
  const scope = `${attend.name}/values`;
  const b = scene.b.at(scope, attend.doc);
  const crossRows = cross.map((feature) => frame.rows(embed(scene, feature, frame.site)));
  const joined = (values: readonly Value[], axis: number) => (values.length === 1 ? values[0] : b.concat(values, axis));
  if (source === null) {
    const rows = frame.rows(inherentHistory(scene, frame, inherent));
    return projectHeads(scene, frame, scope, joined([rows, ...crossRows], -1), joined([item, ...others], 1));
  }
  const held = columns(scene, frame, source, heads);
  if (cross.length === 0) return held;
  return b.add(held, projectHeads(scene, frame, scope, joined(crossRows, -1), joined(others, 1)));
}

/** Σ weights · values of each head, side by side, times W^o: [R, out]. */
function output(scene: Scene, attend: Attend, { heads }: Metric, frame: Frame, weights: Value, values: Value): Value {
  const b = scene.b.at(`${attend.name}/out`, attend.doc);
  const perHead = frame.pairwise ? b.squeeze(b.matmul(b.unsqueeze(weights, 2), values), 2) : b.matmul(weights, values);
  const width = heads * attend.values;
  const side = b.reshape(b.transpose(perHead, [1, 0, 2]), [rowsDim(scene), width]);
  return b.matmul(side, scene.b.parameter(`${attend.name}.out`, [width, attend.out]));
}

/** Score parts and weights at full shape, for explanation. */
export function shown(scene: Scene, attend: Attend, { score, weights }: Attended): Shown {
  const b = scene.b.at(`${attend.name}/explain`);
  const { metric, bias } = score;
  if (bias === null) return { weights, metric, bias: b.mul(metric, b.scalar(0)) };
  return { weights, metric, bias: bias.shape[1] === metric.shape[1] ? bias : b.broadcast(bias, metric) };
}

/** The mean of K = [K_h, K_c] over the behaviours that count: [R, H + C]; zeros where there is none. */
export function lowerMean(scene: Scene, attend: Attend, wiring: Wiring): Value {
  return scene.once(`attend ${attend.name}`, () => {
    const b = scene.b.at(attend.name, attend.doc);
    const frame = frameOf(scene, attend, wiring);
    const { inherent, cross } = valueFeatures(scene.model, attend);
    const items = inherent.length === 0 ? [] : [inherentHistory(scene, frame, inherent)];
    const parts = [...items, ...cross.map((feature) => embed(scene, feature, frame.site))];
    const rows = frame.rows(parts.length === 1 ? parts[0] : b.concat(parts, -1));
    const { over } = attend;
    const mask = over.kind === "search" ? selectable(scene, over.search, frame) : frame.rows(valid(scene, frame));
    const every = b.unsqueeze(mask, -1);
    const lists = rows.shape.length > 3;
    // A list for every head: the mean over all of them.
    const axes = lists ? [0, 2] : [-2];
    const alone = rows.shape.length === 2;
    const sum = b.sum(b.mul(rows, every), axes, alone);
    return b.div(sum, b.maximum(b.sum(every, axes, alone), b.scalar(1)));
  });
}
