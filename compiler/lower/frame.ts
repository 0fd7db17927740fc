// The part of a history that a stage looks at: all of it, the newest n, or what a search kept.
import type { Value } from "../ir/graph.ts";
import type { History, Search } from "../model.ts";
import type { Scene } from "./scene.ts";

/**
 * Shapes, with M the number of behaviours in the frame, R candidates or batch rows:
 *
 * | | `rows` of x | projected heads, spread |
 * |---|---|---|
 * | request, whole or last | [M, …] | [A, M, …] |
 * | request, kept | [R, M, …] | [A, R, M, …] |
 * | batch | [R, M, …] | [A, R, M, …] |
 *
 * (`per_head`: every head has its own list, so `rows` has heads in front.)
 */
export interface Frame {
  /** Tells two frames of one graph apart. */
  readonly key: string;
  readonly history: History;
  /** The behaviours differ from row to row, so what is projected has a row axis. */
  readonly pairwise: boolean;
  /** The behaviours differ from head to head, and `local` puts heads in front. */
  readonly headed: boolean;
  /** History-aligned x → the rows that projections are computed on: in a request the user side once. */
  local(x: Value): Value;
  /** Heads-first projection of local rows → of the frame. */
  spread(projected: Value): Value;
  /** History-aligned x → the frame's. */
  rows(x: Value): Value;
}

const same = (x: Value) => x;

/** Every behaviour. */
export function whole(scene: Scene, history: History): Frame {
  const pairwise = scene.layout === "batch";
  return { key: history.name, history, pairwise, headed: false, local: same, spread: same, rows: same };
}

/** The newest `count`: histories are padded to at least that many. */
export function newest(scene: Scene, history: History, count: number): Frame {
  const pairwise = scene.layout === "batch";
  const b = scene.b.at(history.name, history.doc);
  const key = `${history.name}.last(${count})`;
  const cut = (x: Value) => scene.once(`${key} ${identity(x)}`, () => b.slice(x, pairwise ? 1 : 0, 0, count));
  return { key, history, pairwise, headed: false, local: cut, spread: same, rows: cut };
}

/** What a search kept: `positions` int32 [R, k], `per_head` [A, R, k]. */
export function kept(scene: Scene, search: Search, positions: Value): Frame {
  const b = scene.b.at(search.name, search.doc);
  const key = search.name;
  const history = search.from;
  const own = positions.shape.length === 3;
  const heads = own ? (positions.shape[0] as number) : 0;
  const head = (x: Value, index: number) => b.squeeze(b.slice(x, 0, index, index + 1), 0);
  const perHead = (pick: (index: number) => Value) =>
    b.concat(
      Array.from({ length: heads }, (_, index) => b.unsqueeze(pick(index), 0)),
      0,
    );
  if (scene.layout === "request") {
    return {
      key,
      history,
      pairwise: true,
      headed: false,
      local: same,
      spread: (y) =>
        own ? perHead((index) => b.gather(head(y, index), head(positions, index))) : b.gather(y, positions, 1),
      rows: (x) => b.gather(x, positions),
    };
  }
  const rows = (x: Value) =>
    scene.once(`${key} rows ${identity(x)}`, () =>
      own ? perHead((index) => b.gatherRows(x, head(positions, index))) : b.gatherRows(x, positions),
    );
  return { key, history, pairwise: true, headed: own, local: rows, spread: same, rows };
}

/** x [… w] of local rows times W [A, w, n] → [A, … n], not yet spread. */
export function projectHeads(scene: Scene, frame: Frame, scope: string, x: Value, weight: Value): Value {
  const b = scene.b.at(scope);
  const left = frame.headed ? x : b.unsqueeze(x, 0);
  return b.matmul(left, scene.layout === "batch" ? b.unsqueeze(weight, 1) : weight);
}

const identities = new WeakMap<Value, number>();
let count = 0;

/** A number of its own for every value, for memo keys. */
function identity(value: Value): number {
  const known = identities.get(value);
  if (known !== undefined) return known;
  identities.set(value, ++count);
  return count;
}
