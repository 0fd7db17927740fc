// The cheap stage (CP-GSU): scores over the whole history → the k behaviours that matter most to each candidate.
import type { Value } from "../ir/graph.ts";
import type { Search } from "../model/model.ts";
import { embed, encoded } from "./embed.ts";
import { type Frame, whole } from "./frame.ts";
import { countable, masked, valid } from "./mask.ts";
import { matching } from "./match.ts";
import { type KeySource, lowerMetric, total } from "./metric.ts";
import type { Scene } from "./scene.ts";
import { holder } from "./table.ts";

/** Which behaviours a search may keep, in a frame: 1 or 0, broadcast to [A, R, M]. */
export function selectable(scene: Scene, search: Search, frame: Frame): Value {
  return scene.once(`selectable ${search.name} ${frame.key}`, () => {
    if (search.by.kind !== "match") {
      const source = searchSource(scene, search);
      return frame.rows(countable(scene, frame, source === null ? [] : [source.table]));
    }
    const mask = frame.rows(valid(scene, frame));
    return scene.b.at(search.name).mul(matching(scene, search.by.feature, frame, `${search.name}/match`), mask);
  });
}

/** Where a search reads its keys: a table that holds them, else the items' features; in a batch always the latter. */
export function searchSource(scene: Scene, { by }: Search): KeySource {
  if (by.kind !== "metric" || scene.layout === "batch") return null;
  return holder(scene.model, (part) => part.kind === "keys" && part.metric === by.metric);
}

/** Unmasked scores of the whole history: [A, R, L]; `match` has none: all that match are alike, and go by position. */
function searchScores(scene: Scene, search: Search): Value {
  const { by, from } = search;
  const frame = whole(scene, from);
  switch (by.kind) {
    case "metric":
      return total(scene, by.metric, lowerMetric(scene, by.metric, frame, searchSource(scene, search)));
    case "inner_product":
      return scene.once(`inner ${search.name}`, () => innerProduct(scene, search, by.feature));
    default:
      throw new Error(`search ${search.name}: by ${by.kind} is not lowered`);
  }
}

/** Scores of the whole history, −1e30 for what the search may not keep. */
export function selectableScores(scene: Scene, search: Search): Value {
  return scene.once(`selectable scores ${search.name}`, () => {
    const mask = selectable(scene, search, whole(scene, search.from));
    return masked(scene, search.name, searchScores(scene, search), mask);
  });
}

/** Rows of a request are one user's; those of a batch differ more, in their histories' lengths and in how like heads are. */
const sampled = { request: 2, batch: 8 } as const;

/** Whether every head of a search keeps a list of its own. */
export function keepsPerHead({ heads, by }: Search): boolean {
  return heads === "per_head" && by.kind === "metric";
}

/**
 * Positions of what is kept, best first: int32 [R, k], `per_head` [A, R, k]. Of equal scores a device takes whichever it
 * likes. To `match` all behaviours are alike, so that they are scored by position, newest first: exact, as no history holds 2^24.
 */
export function lowerSearch(scene: Scene, search: Search): Value {
  return scene.once(`kept ${search.name}`, () => {
    const b = scene.b.at(search.name, search.doc);
    const mask = selectable(scene, search, whole(scene, search.from));
    const behaviours = valid(scene, whole(scene, search.from));
    const positions = b.positions(scene.layout === "batch" ? b.max(behaviours, [0]) : behaviours);
    if (search.by.kind === "match") {
      return b.topPositions(masked(scene, search.name, b.neg(positions), mask), positions, search.keep);
    }
    const scores = selectableScores(scene, search);
    if (keepsPerHead(search)) return b.topPositions(scores, positions, search.keep);
    if (scores.shape[0] === 1) return b.topPositions(b.squeeze(scores, 0), positions, search.keep);
    if (search.heads === "max") return b.topPositions(b.max(scores, [0]), positions, search.keep);
    return b.roundRobin(scores, positions, search.keep, sampled[scene.layout]);
  });
}

/** q · s of one feature's columns (SIM soft): raw vectors, or learned embeddings. [1, R, L] */
function innerProduct(scene: Scene, { name, from, doc }: Search, feature: Parameters<typeof embed>[1]): Value {
  const b = scene.b.at(name, doc);
  const raw = feature.encoder.kind === "pretrained" ? encoded : embed;
  const q = raw(scene, feature, { kind: "candidate" });
  const s = raw(scene, feature, { kind: "history", history: from });
  if (scene.layout === "request") return b.unsqueeze(b.matmul(q, b.transpose(s, [1, 0])), 0);
  return b.unsqueeze(b.squeeze(b.matmul(s, b.unsqueeze(q, -1)), -1), 0);
}
