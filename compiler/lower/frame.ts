// The part of a history that a stage looks at: all of it, the newest n, or what a search kept.

import type { Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import type { History, Search } from "../model/model.ts";
import type { Given, Site } from "../model/site.ts";
import type { Scene } from "./scene.ts";

/**
 * Shapes, with M the number of behaviours in the frame, R candidates or batch rows:
 *
 * | | `rows` of x [L, …] or [B, L, …] | projected heads |
 * |---|---|---|
 * | request, whole or last | [M, …] | [A, M, …] |
 * | request, kept | [R, M, …] | [A, R, M, …] |
 * | batch | [R, M, …] | [A, R, M, …] |
 *
 * `per_head`: every head has its own list, so `rows` has heads in front: [A, R, M, …].
 */
export interface Frame {
  /** Tells two frames of one graph apart. */
  readonly key: string;
  readonly history: History;
  /** Where what `rows` takes stands. */
  readonly site: Site & { readonly kind: "history" };
  /** The behaviours differ from row to row, so what is projected has a row axis. */
  readonly pairwise: boolean;
  /** The behaviours differ from head to head. */
  readonly headed: boolean;
  /** History-aligned x → the frame's. */
  rows(x: Value): Value;
}

/** Every behaviour. */
export function whole(scene: Scene, history: History): Frame {
  const site = { kind: "history", history } as const;
  return { key: history.name, history, site, pairwise: scene.layout === "batch", headed: false, rows: (x) => x };
}

/** Behaviours that the host has gathered, as an attend of training sees them. */
export function givenFrame(history: History, given: Given): Frame {
  const site = { kind: "history", history, given } as const;
  return { key: given.name, history, site, pairwise: true, headed: given.heads !== null, rows: (x) => x };
}

/** The newest `count`: histories are padded to at least that many. */
export function newest(scene: Scene, history: History, count: number): Frame {
  const pairwise = scene.layout === "batch";
  const b = scene.b.at(history.name, history.doc);
  const key = `${history.name}.last(${count})`;
  const rows = (x: Value) => scene.once(`${key} ${identity(x)}`, () => b.slice(x, pairwise ? 1 : 0, 0, count));
  return { key, history, site: { kind: "history", history }, pairwise, headed: false, rows };
}

/** What a search kept: `positions` int32 [R, k], `per_head` [A, R, k]. */
export function kept(scene: Scene, search: Search, positions: Value): Frame {
  const b = scene.b.at(search.name, search.doc);
  const key = search.name;
  const headed = positions.shape.length === 3;
  const read = (x: Value) => {
    if (scene.layout === "request") {
      return b.gather(x, positions);
    }
    if (!headed) {
      return b.gatherRows(x, positions);
    }
    const lists = Array.from({ length: knownDim(positions, 0) }, (_, head) =>
      b.unsqueeze(b.gatherRows(x, b.squeeze(b.slice(positions, 0, head, head + 1), 0)), 0),
    );
    return b.concat(lists, 0);
  };
  const rows = (x: Value) => scene.once(`${key} rows ${identity(x)}`, () => read(x));
  const history = search.from;
  return { key, history, site: { kind: "history", history }, pairwise: true, headed, rows };
}

/** x [… w] of the frame's rows times W [A, w, n] → [A, … n]. */
export function projectHeads(scene: Scene, frame: Frame, scope: string, x: Value, weight: Value): Value {
  const b = scene.b.at(scope);
  const left = frame.headed ? x : b.unsqueeze(x, 0);
  return b.matmul(left, frame.pairwise ? b.unsqueeze(weight, 1) : weight);
}

const identities = new WeakMap<Value, number>();
let count = 0;

/** A number of its own for every value, for memo keys. */
function identity(value: Value): number {
  const known = identities.get(value);
  if (known !== undefined) {
    return known;
  }
  identities.set(value, ++count);
  return count;
}
