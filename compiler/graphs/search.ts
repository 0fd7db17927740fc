// The cheap stage (CP-GSU): scores over the whole history → the k behaviours that matter most to each candidate.
import type { SearchRule } from "../by/kind.ts";
import { searchRule } from "../by/kinds.ts";
import type { Value } from "../ir/graph.ts";
import { type Frame, whole } from "../lower/frame.ts";
import { countable, masked, positions } from "../lower/mask.ts";
import type { KeySource } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import { type By, listsOf } from "../model/by.ts";
import type { Search } from "../model/model.ts";

function ruleOf({ name, by }: Search): SearchRule<By["kind"]> {
  const rule = searchRule(by);
  if (rule === null) {
    throw new Error(`search ${name}: by ${by.kind} is not lowered`);
  }
  return rule;
}

/** Which behaviours a search may keep, in a frame: 1 or 0, broadcast to [A, R, M]. */
export function selectable(scene: Scene, search: Search, frame: Frame): Value {
  return scene.once(`selectable ${search.name} ${frame.key}`, () => {
    const { fits } = ruleOf(search);
    const source = searchSource(scene, search);
    const mask = frame.rows(countable(scene, frame, source === null ? [] : [source.table]));
    return fits ? scene.b.at(search.name).mul(fits(scene, search, search.by, frame), mask) : mask;
  });
}

/** Where a search reads its keys or codes: a table that holds them; null: they are computed, or it has none. */
export function searchSource(scene: Scene, search: Search): KeySource {
  return ruleOf(search).source?.(scene, search, search.by) ?? null;
}

/** Scores of the whole history, −1e30 for what the search may not keep; null where all that it may are alike. */
export function selectableScores(scene: Scene, search: Search): Value | null {
  return scene.once(`selectable scores ${search.name}`, () => {
    const { scores } = ruleOf(search);
    if (!scores) {
      return null;
    }
    const frame = whole(scene, search.from);
    return masked(scene, search.name, scores(scene, search, search.by, frame), selectable(scene, search, frame));
  });
}

/** Rows of a request are one user's; those of a batch differ more, in their histories' lengths and in how like heads are. */
const sampled = { request: 2, batch: 8 } as const;

/**
 * Positions of what is kept, best first: int32 [R, k], `per_head` [A, R, k]. Of equal scores a device takes whichever it
 * likes. Where all are alike they are scored by position, newest first: exact, as no history holds 2^24.
 */
export function lowerSearch(scene: Scene, search: Search): Value {
  return scene.once(`kept ${search.name}`, () => {
    const b = scene.b.at(search.name, search.doc);
    const frame = whole(scene, search.from);
    const places = positions(scene, search.name, search.doc, frame);
    const scores = selectableScores(scene, search);
    if (scores === null) {
      const newest = masked(scene, search.name, b.neg(places), selectable(scene, search, frame));
      return b.topPositions(newest, places, search.keep);
    }
    if (listsOf(search) !== null) {
      return b.topPositions(scores, places, search.keep);
    }
    if (scores.shape[0] === 1) {
      return b.topPositions(b.squeeze(scores, 0), places, search.keep);
    }
    if (search.heads === "max") {
      return b.topPositions(b.max(scores, [0]), places, search.keep);
    }
    return b.roundRobin(scores, places, search.keep, sampled[scene.layout]);
  });
}
